#include "bert_words.h"

#include <algorithm>

#include "bert_classes.h"
#include "unicode_normalization.h"
#include "utf8.h"

namespace early_exit {
namespace {

std::u32string Clean(std::u32string_view text, bool split_chinese) {
  std::u32string clean;
  clean.reserve(text.size());
  for (const char32_t code : text) {
    const BertClass char_class = BertClassOf(code);
    if (char_class == BertClass::kSpace) {
      clean += U' ';
    } else if (char_class == BertClass::kChinese && split_chinese) {
      clean += {U' ', code, U' '};
    } else if (char_class != BertClass::kRemoved) {
      clean += code;
    }
  }
  return clean;
}

std::u32string StripAccents(std::u32string_view text) {
  std::u32string stripped = Decompose(text, Decomposition::kCanonical);
  stripped.erase(std::remove_if(stripped.begin(), stripped.end(), IsNonspacingMark),
                 stripped.end());
  return stripped;
}

// Neither a mark nor what is dropped, behind which a mark may follow.
bool StartsAnew(char32_t code) {
  if (BertClassOf(code) == BertClass::kRemoved) return false;
  return code < 0x80 || !IsMark(Decompose({&code, 1}, Decomposition::kCanonical).front());
}

}  // namespace

std::u32string NormalizeForBert(std::u32string_view text, const BertOptions& options) {
  std::u32string normal = Clean(text, options.split_chinese);
  if (options.strip_accents) normal = StripAccents(normal);
  return options.lower_case ? LowerCase(normal) : normal;
}

std::size_t BertBlockLength(std::string_view text, std::size_t n_bytes) {
  std::size_t offset = 0;
  while (offset < text.size()) {
    const CodePoint next = DecodeUtf8(text, offset);
    if (offset >= n_bytes && StartsAnew(next.value)) break;
    offset += next.n_bytes;
  }
  return offset;
}

void BertWordSplitter::Add(std::u32string_view block) {
  for (const char32_t code : block) {
    const BertClass char_class = BertClassOf(code);
    if (char_class == BertClass::kSpace || char_class == BertClass::kPunctuation) {
      Finish();
      if (char_class == BertClass::kPunctuation) use_({&code, 1});
    } else if (word_.size() < max_length_) {
      word_ += code;
    }
  }
}

void BertWordSplitter::Finish() {
  if (!word_.empty()) use_(word_);
  word_.clear();
}

}  // namespace early_exit
