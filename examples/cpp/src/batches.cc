#include "batches.h"

namespace early_exit {

std::vector<Batch> MakeBatches(const std::vector<std::size_t>& lengths, std::size_t max_size,
                               std::size_t max_tokens) {
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    // With the next sentence, which is the longest, all are padded to its length.
    const bool fits = !batches.empty() && batches.back().size < max_size &&
                      batches.back().size + 1 <= max_tokens / (lengths[i] > 0 ? lengths[i] : 1);
    if (!fits) batches.push_back({i, 0});
    ++batches.back().size;
  }
  return batches;
}

}  // namespace early_exit
