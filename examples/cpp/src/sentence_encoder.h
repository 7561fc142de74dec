#pragma once

#include <memory>
#include <string>

#include "early_exit/classifier.h"

namespace early_exit {

// Turns a sentence into the model's input, or refuses it before the model sees it.
class SentenceEncoder {
 public:
  // `tokenizer` is null for an archive without one. Throws std::runtime_error if the archive's
  // token_id_map does not fit the tokenizer.
  SentenceEncoder(const Metadata& metadata, std::unique_ptr<Tokenizer> tokenizer);

  // Throws std::invalid_argument: what is wrong, the value, the remedy.
  TokenIds Encode(const Sentence& sentence) const;

 private:
  TokenIds EncodeText(const std::string& text) const;
  TokenIds CheckTokens(TokenIds tokens) const;

  const Metadata& metadata_;
  std::unique_ptr<Tokenizer> tokenizer_;
};

}  // namespace early_exit
