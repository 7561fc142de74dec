#include "early_exit/text_encoder.h"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "input_layout.h"

namespace early_exit {
namespace {

[[noreturn]] void Refuse(const std::string& message) { throw std::invalid_argument(message); }

}  // namespace

TextEncoder::TextEncoder(const Archive& archive)
    : TextEncoder(archive.metadata(), archive.ReadTokenizer()) {}

TextEncoder::TextEncoder(Metadata metadata, std::unique_ptr<Tokenizer> tokenizer)
    : metadata_(std::move(metadata)), tokenizer_(std::move(tokenizer)) {
  metadata_.Validate();
  if (!tokenizer_) return;
  if (!metadata_.tokenizer) metadata_.tokenizer.emplace();  // ids are the model's own
  const auto& token_id_map = metadata_.tokenizer->token_id_map;
  const std::int64_t n_ids = tokenizer_->vocab_size();
  const auto n_mapped = static_cast<std::int64_t>(token_id_map.size());
  if (token_id_map.empty() ? n_ids > metadata_.vocab_size : n_ids > n_mapped) {
    throw std::runtime_error("The archive's tokenizer has " + std::to_string(n_ids) +
                             " ids, more than its token_id_map or its model. Export it again.");
  }
}

EncodedSentence TextEncoder::Encode(const Sentence& sentence) const {
  if (const auto* tokens = std::get_if<TokenIds>(&sentence.value())) {
    return {CheckTokens(*tokens), false};
  }
  if (!tokenizer_) Refuse("The archive has no tokenizer: give token ids, or export it with one.");
  if (const auto* text = std::get_if<std::string>(&sentence.value())) {
    if (metadata_.pair) {
      Refuse("The model classifies pairs of texts, but was given a single text instead.");
    }
    return EncodeTexts(*text, nullptr);
  }
  if (!metadata_.pair) {
    Refuse("The model classifies single texts, but was given a pair of texts instead.");
  }
  const auto& [first, second] = std::get<TextPair>(sentence.value());
  return EncodeTexts(first, &second);
}

EncodedSentence TextEncoder::EncodeTexts(const std::string& first,
                                         const std::string* second) const {
  const auto room = static_cast<std::size_t>(metadata_.max_tokens -
                                             CountSpecial(metadata_.layout, second != nullptr));
  std::size_t limit = room + 1;  // one more tells that there are more
  TokenIds first_ids = EncodeStart(first, limit);
  std::optional<TokenIds> second_ids;
  if (second) second_ids = EncodeStart(*second, limit);
  // Which of two texts is cut by one token more depends on which is longer.
  while (second_ids && first_ids.size() == limit && second_ids->size() == limit) {
    limit *= 2;
    first_ids = EncodeStart(first, limit);
    second_ids = EncodeStart(*second, limit);
  }
  const std::size_t n_tokens = first_ids.size() + (second_ids ? second_ids->size() : 0);
  return {BuildInput(std::move(first_ids), std::move(second_ids), metadata_.layout,
                     metadata_.max_tokens),
          n_tokens > room};
}

TokenIds TextEncoder::EncodeStart(const std::string& text, std::size_t limit) const {
  // A text of blanks alone is one, although some tokenizers find no token in it.
  if (text.empty()) Refuse("A text must have at least one character, but is empty.");
  TokenIds tokens = tokenizer_->EncodeStart(text, limit);
  const auto& token_id_map = metadata_.tokenizer->token_id_map;
  if (token_id_map.empty()) return tokens;
  for (std::int64_t& token : tokens) token = token_id_map.at(static_cast<std::size_t>(token));
  return tokens;
}

// What the archive itself would refuse, for the whole batch, is refused here for one sentence.
TokenIds TextEncoder::CheckTokens(TokenIds tokens) const {
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
