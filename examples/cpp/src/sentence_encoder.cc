#include "sentence_encoder.h"

#include <stdexcept>
#include <utility>

#include "input_layout.h"

namespace early_exit {
namespace {

[[noreturn]] void Refuse(const std::string& message) { throw std::invalid_argument(message); }

}  // namespace

SentenceEncoder::SentenceEncoder(const Metadata& metadata, std::unique_ptr<Tokenizer> tokenizer)
    : metadata_(metadata), tokenizer_(std::move(tokenizer)) {
  if (!tokenizer_) return;
  const auto& token_id_map = metadata_.tokenizer->token_id_map;
  const std::int64_t n_ids = tokenizer_->vocab_size();
  const auto n_mapped = static_cast<std::int64_t>(token_id_map.size());
  if (token_id_map.empty() ? n_ids > metadata_.vocab_size : n_ids > n_mapped) {
    throw std::runtime_error("The archive's tokenizer has " + std::to_string(n_ids) +
                             " ids, more than its token_id_map or its model. Export it again.");
  }
}

TokenIds SentenceEncoder::Encode(const Sentence& sentence) const {
  if (const auto* tokens = std::get_if<TokenIds>(&sentence)) return CheckTokens(*tokens);
  if (!tokenizer_) Refuse("The archive has no tokenizer: give token ids, or export it with one.");
  if (const auto* text = std::get_if<std::string>(&sentence)) {
    if (metadata_.pair) {
      Refuse("The model classifies pairs of texts, but was given a single text instead.");
    }
    return BuildInput(EncodeText(*text), std::nullopt, metadata_.layout, metadata_.max_tokens);
  }
  if (!metadata_.pair) {
    Refuse("The model classifies single texts, but was given a pair of texts instead.");
  }
  const auto& [first, second] = std::get<TextPair>(sentence);
  return BuildInput(EncodeText(first), EncodeText(second), metadata_.layout, metadata_.max_tokens);
}

TokenIds SentenceEncoder::EncodeText(const std::string& text) const {
  // A text of blanks alone is one, although some tokenizers find no token in it.
  if (text.empty()) Refuse("A text must have at least one character, but is empty.");
  TokenIds tokens = tokenizer_->Encode(text);
  const auto& token_id_map = metadata_.tokenizer->token_id_map;
  if (token_id_map.empty()) return tokens;
  for (std::int64_t& token : tokens) token = token_id_map[static_cast<std::size_t>(token)];
  return tokens;
}

// What the archive itself would refuse, for the whole batch, is refused here for one sentence.
TokenIds SentenceEncoder::CheckTokens(TokenIds tokens) const {
  while (!tokens.empty() && tokens.back() == metadata_.pad_token) tokens.pop_back();
  if (tokens.empty()) Refuse("A sentence must have at least one token besides padding.");
  const auto length = static_cast<std::int64_t>(tokens.size());
  if (length > metadata_.max_positions) {
    Refuse("A sentence must have at most " + std::to_string(metadata_.max_positions) +
           " tokens, but has " + std::to_string(length) + " instead.");
  }
  for (const std::int64_t token : tokens) {
    if (token < 0 || token >= metadata_.vocab_size) {
      Refuse("A token id must be in 0.." + std::to_string(metadata_.vocab_size - 1) + ", but is " +
             std::to_string(token) + " instead.");
    }
    if (token == metadata_.pad_token) {
      Refuse("Padding must follow all other tokens, but token id " + std::to_string(token) +
             " (padding) comes before another token.");
    }
  }
  return tokens;
}

}  // namespace early_exit
