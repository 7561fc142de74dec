#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace early_exit {

using TokenIds = std::vector<std::int64_t>;

// Contents of a tokenizer's files by name, as an archive carries them.
using TokenizerFiles = std::map<std::string, std::string>;

// Turns text into the tokenizer's own ids, without special tokens. Immutable, hence safe to call
// from many threads. A new kind is one file in src/ and one line in src/tokenizer.cc.
class Tokenizer {
 public:
  Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;
  virtual ~Tokenizer() = default;

  // Throws std::invalid_argument if `text` is not valid UTF-8. Empty in, empty out; a text
  // of nothing but blanks may be empty too.
  virtual TokenIds Encode(std::string_view text) const = 0;

  // One more than the largest id that `Encode` can return.
  virtual std::int64_t vocab_size() const = 0;
};

// Builds a tokenizer of a known kind ("roberta": byte-level BPE, "bert": WordPiece,
// "sentencepiece": ALBERT's) from its files. Throws std::runtime_error for an unknown kind, a
// missing file or a malformed one.
std::unique_ptr<Tokenizer> MakeTokenizer(const std::string& kind, const TokenizerFiles& files);

}  // namespace early_exit
