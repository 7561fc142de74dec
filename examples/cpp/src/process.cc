#include "early_exit/process.h"

#include <ATen/Parallel.h>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <stdexcept>
#include <string>

namespace early_exit {

void SetThreads(std::int64_t threads) {
  if (threads < 1 || threads > 4096) {
    throw std::invalid_argument("`threads` must be in 1..4096, but is " + std::to_string(threads) +
                                " instead.");
  }
  at::set_num_threads(static_cast<int>(threads));
}

std::int64_t GetThreads() { return at::get_num_threads(); }

void DisableProfilingExecutor() {
  torch::jit::getExecutorMode() = true;
  torch::jit::getProfilingMode() = false;
}

}  // namespace early_exit
