#include "input_layout.h"

#include <algorithm>

namespace early_exit {
namespace {

// Longest first in closed form: of an odd budget split in halves the longer text gets one more, and
// the second one when both are equally long.
void TruncatePair(std::size_t budget, TokenIds* first, TokenIds* second) {
  if (first->size() + second->size() <= budget) return;
  TokenIds* shorter = first->size() <= second->size() ? first : second;
  TokenIds* longer = shorter == first ? second : first;
  shorter->resize(std::min(shorter->size(), budget / 2));
  longer->resize(budget - shorter->size());
}

}  // namespace

std::int64_t CountSpecial(const InputLayout& layout, bool pair) {
  if (!pair) return 2;
  return layout.separator_token ? 4 : 3;
}

TokenIds BuildInput(TokenIds first, std::optional<TokenIds> second, const InputLayout& layout,
                    std::int64_t max_tokens) {
  const std::int64_t n_special = CountSpecial(layout, second.has_value());
  const auto budget = static_cast<std::size_t>(std::max<std::int64_t>(max_tokens - n_special, 0));
  if (second) {
    TruncatePair(budget, &first, &*second);
  } else {
    first.resize(std::min(first.size(), budget));
  }
  TokenIds input;
  input.push_back(layout.init_token);
  input.insert(input.end(), first.begin(), first.end());
  input.push_back(layout.eos_token);
  if (!second) return input;
  if (layout.separator_token) input.push_back(*layout.separator_token);
  input.insert(input.end(), second->begin(), second->end());
  input.push_back(layout.eos_token);
  return input;
}

}  // namespace early_exit
