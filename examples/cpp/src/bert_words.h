#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace early_exit {

// What happens to text before BERT looks for pieces in its words.
struct BertOptions {
  bool lower_case = true;
  bool strip_accents = true;
  bool split_chinese = true;  // each Chinese character is a word
};

// Cleans the text (controls dropped, white space made blanks) and lowers case and strips accents
// where asked, as `BertNormalizer(clean_text=True)` of Hugging Face `tokenizers` does.
std::u32string NormalizeForBert(std::u32string_view text, const BertOptions& options);

// The words of normalized text, in order: what stands between white space, each punctuation mark
// alone (`BertPreTokenizer`). They point into `text`.
std::vector<std::u32string_view> SplitBertWords(std::u32string_view text);

}  // namespace early_exit
