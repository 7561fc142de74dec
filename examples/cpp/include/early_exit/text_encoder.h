#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "early_exit/archive.h"
#include "early_exit/export.h"
#include "early_exit/metadata.h"
#include "early_exit/tokenizer.h"

namespace early_exit {

struct TextPair {
  std::string first;
  std::string second;
};

// One text, a pair of texts, or a finished input of token ids (special tokens included). In a list,
// `{"a", "b"}` are two texts and `{{"a", "b"}}` is one pair.
class Sentence {
 public:
  using Value = std::variant<std::string, TextPair, TokenIds>;

  Sentence(const char* text) : value_(std::string(text)) {}
  Sentence(std::string text) : value_(std::move(text)) {}
  Sentence(std::string first, std::string second)
      : value_(TextPair{std::move(first), std::move(second)}) {}
  Sentence(TextPair pair) : value_(std::move(pair)) {}
  Sentence(TokenIds tokens) : value_(std::move(tokens)) {}

  const Value& value() const { return value_; }

 private:
  Value value_;
};

struct EncodedSentence {
  TokenIds tokens;         // the model's input, unpadded
  bool truncated = false;  // the texts had more tokens than `max_tokens` leaves room for
};

// Turns a sentence into the model's input, or refuses it before the model sees it. Needs no engine;
// safe to call from many threads.
class EARLY_EXIT_EXPORT TextEncoder {
 public:
  explicit TextEncoder(const Archive& archive);

  // `tokenizer` is null for token ids alone. Throws std::runtime_error if the metadata contradicts
  // itself or the tokenizer.
  TextEncoder(Metadata metadata, std::unique_ptr<Tokenizer> tokenizer);

  // The time and memory that it takes are those of `max_tokens` tokens, however long the text is.
  // Throws std::invalid_argument: what is wrong, the value, the remedy.
  EncodedSentence Encode(const Sentence& sentence) const;

  const Metadata& metadata() const { return metadata_; }

 private:
  EncodedSentence EncodeTexts(const std::string& first, const std::string* second) const;
  TokenIds EncodeStart(const std::string& text, std::size_t limit) const;
  TokenIds CheckTokens(TokenIds tokens) const;

  Metadata metadata_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace early_exit
