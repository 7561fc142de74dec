#include "bert_classes.h"

#include <array>

#include "code_ranges.h"

namespace early_exit {
namespace {

struct Range {
  char32_t first;
  char32_t last;
  BertClass char_class;
};

constexpr auto kRemoved = BertClass::kRemoved;
constexpr auto kSpace = BertClass::kSpace;
constexpr auto kChinese = BertClass::kChinese;
constexpr auto kPunctuation = BertClass::kPunctuation;

// Sorted and disjoint; code points in none of them are kOther.
constexpr Range kRanges[] = {
#include "bert_classes.inc"
};

BertClass Search(char32_t code) {
  const Range* range = FindRange(kRanges, code);
  return range ? range->char_class : BertClass::kOther;
}

// Most text is ASCII: its classes are looked up once.
std::array<BertClass, 128> SearchAscii() {
  std::array<BertClass, 128> classes{};
  for (char32_t code = 0; code < 128; ++code) classes[code] = Search(code);
  return classes;
}

}  // namespace

BertClass BertClassOf(char32_t code) {
  static const std::array<BertClass, 128> ascii = SearchAscii();
  return code < 128 ? ascii[code] : Search(code);
}

}  // namespace early_exit
