#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "early_exit/tokenizer.h"

namespace early_exit {

struct UnigramPiece {
  std::string text;
  double score = 0.0;   // logarithm of its probability
  bool in_text = true;  // false: no text gives it, whatever it says
};

// Cuts text into the pieces whose probabilities have the largest product, equal to Hugging Face
// `tokenizers` (`Metaspace(prepend_scheme="never")` before `Unigram`), ties included. Text is
// normalized already: each word starts with U+2581 in place of a space.
class Unigram {
 public:
  // `unknown_id` stands for each run of characters that no piece holds.
  Unigram(std::vector<UnigramPiece> pieces, std::int64_t unknown_id);

  // `text` is valid UTF-8.
  TokenIds Encode(std::string_view text) const;

  // Whether each word is cut for itself, whatever stands beside it.
  bool by_word() const { return by_word_; }

 private:
  using Node = std::uint32_t;  // of the tree of all pieces; 0 is its root

  void AddPiece(const std::string& text, std::int64_t id);
  const Node* FindChild(Node node, char byte) const;
  void EncodeWord(std::string_view word, TokenIds* ids) const;

  static std::uint64_t EdgeOf(Node node, char byte) {
    return std::uint64_t{node} << 8 | static_cast<unsigned char>(byte);
  }

  std::vector<double> scores_;
  std::int64_t unknown_id_;
  double unknown_score_;
  bool by_word_ = true;  // false: some pieces reach over a space
  std::unordered_map<std::uint64_t, Node> edges_;
  std::vector<std::int64_t> ids_;  // by node; -1: no piece ends there
};

}  // namespace early_exit
