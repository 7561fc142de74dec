#include "unicode_classes.h"

#include "code_ranges.h"

namespace early_exit {
namespace {

struct Range {
  char32_t first;
  char32_t last;
  CharClass char_class;
};

constexpr auto L = CharClass::kLetter;
constexpr auto N = CharClass::kNumber;
constexpr auto S = CharClass::kSpace;

// Sorted and disjoint; code points in none of them are kOther.
constexpr Range kRanges[] = {
#include "unicode_tables.inc"
};

}  // namespace

CharClass ClassOf(char32_t code) {
  const Range* range = FindRange(kRanges, code);
  return range ? range->char_class : CharClass::kOther;
}

}  // namespace early_exit
