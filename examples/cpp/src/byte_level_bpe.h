#pragma once

#include <array>
#include <bitset>
#include <cstddef>
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

  TokenIds EncodeStart(std::string_view text, std::size_t limit) const override;
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
  static std::size_t SeamOf(unsigned char left, unsigned char right) {
    return std::size_t{left} << 8 | right;
  }

  // How many of the bytes of `word` no merge can join to those after them.
  std::size_t PartLength(std::string_view word) const;

  std::int64_t vocab_size_ = 0;
  std::array<Id, 256> byte_ids_{};
  std::unordered_map<std::uint64_t, Merge, PairHash> merges_;  // by PairOf
  std::bitset<65536> seams_;  // by SeamOf: two bytes between which some merge joins tokens
};

// From `encoder.json` + `vocab.bpe`, or `vocab.json` + `merges.txt`.
// The special pieces play no part: no merge makes them, so no text gives them.
std::unique_ptr<Tokenizer> MakeByteLevelBpe(const TokenizerFiles& files,
                                            const SpecialPieces& special_pieces);

}  // namespace early_exit
