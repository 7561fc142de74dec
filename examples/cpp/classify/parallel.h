#pragma once

#include <cstddef>
#include <functional>

namespace early_exit::classify {

// Calls `work(i)` for every i below `n`, on as many as `n_threads` threads, of which the caller's
// own is one; on fewer where no more can be started. `work` throws nothing.
void ForEach(std::size_t n, std::size_t n_threads, const std::function<void(std::size_t)>& work);

}  // namespace early_exit::classify
