#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bert_words.h"
#include "early_exit/tokenizer.h"

namespace early_exit {

// The WordPiece of BERT and MPNet, equal to Hugging Face `tokenizers` (`BertNormalizer` and
// `BertPreTokenizer` before `WordPiece`): of each word the longest piece from the left, then the
// longest `##` piece of the rest, and so on; the unknown piece for a word that cannot be made so or
// has more than 100 characters.
class WordPiece : public Tokenizer {
 public:
  // `vocab` has one piece a line, the first of id 0. Throws std::runtime_error if a line is empty
  // or repeated, or a special piece is missing.
  WordPiece(std::string_view vocab, const BertOptions& options,
            const SpecialPieces& special_pieces);

  TokenIds EncodeStart(std::string_view text, std::size_t limit) const override;
  std::int64_t vocab_size() const override { return vocab_size_; }

 private:
  // The pieces as a tree of their characters. Node 0 is the root, to which no step leads back.
  using Node = std::uint32_t;

  struct StepHash {
    std::size_t operator()(std::uint64_t step) const;
  };
  struct Match {
    std::int64_t id;
    std::size_t length;  // in characters
  };

  static std::uint64_t StepOf(Node node, char32_t code) { return std::uint64_t{node} << 32 | code; }

  void Add(std::string_view piece);
  // The node that `code` leads to; 0: none.
  Node Step(Node node, char32_t code) const;
  // Id of a piece, or kNoPiece.
  std::int64_t IdOf(std::u32string_view piece) const;
  // The longest piece with which `text` starts, found from `node` on.
  Match LongestPiece(Node node, std::u32string_view text) const;
  void AppendPieces(std::u32string_view word, TokenIds* ids) const;

  BertOptions options_;
  std::int64_t vocab_size_ = 0;
  std::unordered_map<std::uint64_t, Node, StepHash> steps_;  // by StepOf
  std::vector<std::int64_t> node_ids_;  // of the piece that ends in a node, or kNoPiece
  Node continuing_ = 0;                 // where "##" ends; 0: there is no such piece
  std::int64_t unknown_id_ = 0;
};

// From `vocab.txt`, and `tokenizer_config.json` if it is there.
std::unique_ptr<Tokenizer> MakeWordPiece(const TokenizerFiles& files,
                                         const SpecialPieces& special_pieces);

}  // namespace early_exit
