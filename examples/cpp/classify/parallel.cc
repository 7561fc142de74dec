#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace early_exit::classify {

void ForEach(std::size_t n, std::size_t n_threads, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto run = [&] {
    for (std::size_t i = next++; i < n; i = next++) work(i);
  };
  std::vector<std::thread> threads;
  const std::size_t n_others = std::min(n, n_threads);
  threads.reserve(n_others);
  try {
    while (threads.size() + 1 < n_others) threads.emplace_back(run);
  } catch (const std::system_error&) {
    // the machine has no thread left: those that there are do it all
  }
  run();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace early_exit::classify
