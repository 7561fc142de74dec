#pragma once

#include <cstddef>
#include <vector>

namespace early_exit {

// A run of sentences in an order of rising lengths.
struct Batch {
  std::size_t first = 0;
  std::size_t size = 0;
};

// Cuts sentences of these lengths, which rise, into batches of at most `max_size` sentences and
// `max_tokens` tokens, padding included; one sentence is a batch whatever its length.
std::vector<Batch> MakeBatches(const std::vector<std::size_t>& lengths, std::size_t max_size,
                               std::size_t max_tokens);

}  // namespace early_exit
