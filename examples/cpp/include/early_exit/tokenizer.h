#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "early_exit/export.h"
#include "early_exit/metadata.h"

namespace early_exit {

using TokenIds = std::vector<std::int64_t>;

// Contents of a tokenizer's files by name, as an archive carries them.
using TokenizerFiles = std::map<std::string, std::string>;

// Turns text into the tokenizer's own ids, without special tokens. Immutable, hence safe to call
// from many threads. A new kind is one file in src/ and one line in src/tokenizer.cc.
class EARLY_EXIT_EXPORT Tokenizer {
 public:
  Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;
  virtual ~Tokenizer();

  // Throws std::invalid_argument if `text` is not valid UTF-8. Empty in, empty out; a text
  // of nothing but blanks may be empty too.
  TokenIds Encode(std::string_view text) const {
    return EncodeStart(text, std::numeric_limits<std::size_t>::max());
  }

  // The first `limit` ids of `Encode(text)`, without the work of making the others.
  virtual TokenIds EncodeStart(std::string_view text, std::size_t limit) const = 0;

  // One more than the largest id that `Encode` can return.
  virtual std::int64_t vocab_size() const = 0;
};

// Whether `MakeTokenizer` knows the kind.
EARLY_EXIT_EXPORT bool IsTokenizerKind(std::string_view kind);

// What the files of a tokenizer of a known kind call the special tokens, unless an archive says
// otherwise. Throws std::runtime_error for an unknown kind.
EARLY_EXIT_EXPORT SpecialPieces DefaultSpecialPieces(const std::string& kind);

// Builds a tokenizer of a known kind ("roberta": byte-level BPE, "bert": WordPiece,
// "sentencepiece": ALBERT's) from its files. Throws std::runtime_error for an unknown kind, a
// missing file or a malformed one.
EARLY_EXIT_EXPORT std::unique_ptr<Tokenizer> MakeTokenizer(const std::string& kind,
                                                           const TokenizerFiles& files,
                                                           const SpecialPieces& special_pieces);
EARLY_EXIT_EXPORT std::unique_ptr<Tokenizer> MakeTokenizer(const std::string& kind,
                                                           const TokenizerFiles& files);

}  // namespace early_exit
