#pragma once

#include <cstdint>
#include <optional>

#include "early_exit/metadata.h"
#include "early_exit/tokenizer.h"

namespace early_exit {

// Number of special tokens in the input made of one text, or of a pair.
std::int64_t CountSpecial(const InputLayout& layout, bool pair);

// The model's input: `init a eos`, or for a pair `init a eos [separator] b eos`. If that would be
// longer than `max_tokens`, texts lose tokens at their ends, always the longer one; when both are
// equally long, the one that was the shorter before, or the first if neither was (as Hugging Face
// `tokenizers` does). `max_tokens` must leave room for one token of each text.
TokenIds BuildInput(TokenIds first, std::optional<TokenIds> second, const InputLayout& layout,
                    std::int64_t max_tokens);

}  // namespace early_exit
