#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "early_exit/tokenizer.h"

namespace early_exit {

// GPT-2's byte-level byte-pair encoding, equal to Hugging Face `tokenizers`
// (`ByteLevel(add_prefix_space=False)` before `BPE`).
class ByteLevelBpe : public Tokenizer {
 public:
  // `vocab_json` maps tokens to ids and must hold every single byte; `merges` has one pair a line,
  // the first to be merged first. Throws std::runtime_error for anything else.
  ByteLevelBpe(std::string_view vocab_json, std::string_view merges);

  TokenIds Encode(std::string_view text) const override;
  std::int64_t vocab_size() const override { return vocab_size_; }

 private:
  using Id = std::uint32_t;

  struct Merge {
    std::uint32_t rank = 0;
    Id merged = 0;
  };
  struct PairHash {
    std::size_t operator()(std::uint64_t pair) const;
  };
  class Word;

  static std::uint64_t PairOf(Id left, Id right) { return std::uint64_t{left} << 32 | right; }

  std::int64_t vocab_size_ = 0;
  std::array<Id, 256> byte_ids_{};
  std::unordered_map<std::uint64_t, Merge, PairHash> merges_;  // by PairOf
};

// From `encoder.json` + `vocab.bpe`, or `vocab.json` + `merges.txt`.
std::unique_ptr<Tokenizer> MakeByteLevelBpe(const TokenizerFiles& files);

}  // namespace early_exit
