#include "unicode_normalization.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "code_ranges.h"

namespace early_exit {
namespace {

// Each table is sorted, its ranges first..last are disjoint.

// The decomposition of the k-th character of a range: `length` characters of the pool from
// `offset` + k * `length` on.
struct Decomposed {
  char32_t first;
  char32_t last;
  std::uint16_t offset;
  std::uint8_t length;
};

struct Combining {
  char32_t first;
  char32_t last;
  std::uint8_t combining_class;  // code points in no range: 0
};

enum MarkKind { kNonspacing, kOtherMark };

struct Mark {
  char32_t first;
  char32_t last;
  MarkKind kind;
};

// Of every `step`-th character of a range the lower case is `offset` away.
struct Lower {
  char32_t first;
  char32_t last;
  char32_t step;
  std::int32_t offset;
};

#include "normalization_tables.inc"

constexpr char32_t kDottedCapitalI = 0x130;  // the only one whose lower case is two characters

std::uint8_t CombiningClass(char32_t code) {
  const Combining* range = FindRange(kCombining, code);
  return range ? range->combining_class : 0;
}

// Hangul syllables are taken apart by a formula (The Unicode Standard, section 3.12).
bool AppendHangul(char32_t code, std::u32string& out) {
  constexpr char32_t kSyllables = 0xAC00, kLeading = 0x1100, kVowels = 0x1161, kTrailing = 0x11A7;
  constexpr char32_t kVowelCount = 21, kTrailingCount = 28, kSyllableCount = 11172;
  if (code < kSyllables || code >= kSyllables + kSyllableCount) return false;
  const char32_t index = code - kSyllables;
  out += kLeading + index / (kVowelCount * kTrailingCount);
  out += kVowels + index / kTrailingCount % kVowelCount;
  if (index % kTrailingCount != 0) out += kTrailing + index % kTrailingCount;
  return true;
}

void AppendDecomposed(char32_t code, Decomposition kind, std::u32string& out) {
  if (AppendHangul(code, out)) return;
  const Decomposed* range =
      kind == Decomposition::kCompatibility ? FindRange(kCompatible, code) : nullptr;
  if (!range) range = FindRange(kCanonical, code);
  if (range) {
    out.append(kPool + range->offset + (code - range->first) * range->length, range->length);
  } else {
    out += code;
  }
}

// Sorts each run of characters that have a combining class by it, equal ones kept in order.
void ReorderMarks(std::u32string& text) {
  const auto is_starter = [](char32_t code) { return CombiningClass(code) == 0; };
  for (auto run = text.begin(); run != text.end();) {
    run = std::find_if_not(run, text.end(), is_starter);
    const auto end = std::find_if(run, text.end(), is_starter);
    std::stable_sort(run, end, [](char32_t left, char32_t right) {
      return CombiningClass(left) < CombiningClass(right);
    });
    run = end;
  }
}

void AppendLower(char32_t code, std::u32string& out) {
  if (code == kDottedCapitalI) {
    out += U"i\u0307";
    return;
  }
  const Lower* range = FindRange(kLower, code);
  const bool changes = range && (code - range->first) % range->step == 0;
  out += changes ? static_cast<char32_t>(static_cast<std::int32_t>(code) + range->offset) : code;
}

}  // namespace

std::u32string Decompose(std::u32string_view text, Decomposition kind) {
  std::u32string decomposed;
  decomposed.reserve(text.size());
  for (const char32_t code : text) AppendDecomposed(code, kind, decomposed);
  ReorderMarks(decomposed);
  return decomposed;
}

bool IsNonspacingMark(char32_t code) {
  const Mark* range = FindRange(kMarks, code);
  return range && range->kind == kNonspacing;
}

bool IsMark(char32_t code) { return FindRange(kMarks, code) != nullptr; }

std::u32string LowerCase(std::u32string_view text) {
  std::u32string lower;
  lower.reserve(text.size());
  for (const char32_t code : text) AppendLower(code, lower);
  return lower;
}

}  // namespace early_exit
