#include "bert_words.h"

#include <algorithm>

#include "bert_classes.h"
#include "unicode_normalization.h"

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

}  // namespace

std::u32string NormalizeForBert(std::u32string_view text, const BertOptions& options) {
  std::u32string normal = Clean(text, options.split_chinese);
  if (options.strip_accents) normal = StripAccents(normal);
  return options.lower_case ? LowerCase(normal) : normal;
}

std::vector<std::u32string_view> SplitBertWords(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  std::size_t start = 0;
  const auto end_word = [&](std::size_t end) {
    if (end > start) words.push_back(text.substr(start, end - start));
  };
  for (std::size_t position = 0; position < text.size(); ++position) {
    const BertClass char_class = BertClassOf(text[position]);
    if (char_class != BertClass::kSpace && char_class != BertClass::kPunctuation) continue;
    end_word(position);
    if (char_class == BertClass::kPunctuation) words.push_back(text.substr(position, 1));
    start = position + 1;
  }
  end_word(text.size());
  return words;
}

}  // namespace early_exit
