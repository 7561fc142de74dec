#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

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

// Length of a start of `text` (valid UTF-8) that can be normalized without the rest: the first
// place after `n_bytes` where no mark may change places with one on the other side.
std::size_t BertBlockLength(std::string_view text, std::size_t n_bytes);

// Finds the words of normalized text that comes in blocks, in order: what stands between white
// space, each punctuation mark alone (`BertPreTokenizer`). Of a word longer than `max_length`
// characters only so many are kept.
class BertWordSplitter {
 public:
  using Use = std::function<void(std::u32string_view word)>;

  BertWordSplitter(std::size_t max_length, Use use)
      : max_length_(max_length), use_(std::move(use)) {}

  void Add(std::u32string_view block);
  void Finish();  // the last word has ended

 private:
  std::size_t max_length_;
  Use use_;
  std::u32string word_;
};

}  // namespace early_exit
