#pragma once

#include <cstdint>

#include "early_exit/export.h"

// Settings of torch that belong to the whole process, whoever else in it uses torch. The library
// itself never changes them; a program calls these before it loads the first archive.
namespace early_exit {

// Threads inside one forward pass, of every engine in the process. A service that runs several
// passes at a time does best with 1: torch's threads wait for each other in a loop, and stand still
// where another process holds one of their cores. Throws std::invalid_argument outside 1..4096.
EARLY_EXIT_EXPORT void SetThreads(std::int64_t threads);

// The number that holds.
EARLY_EXIT_EXPORT std::int64_t GetThreads();

// Turns off, for every TorchScript module in the process, the executor that records shapes in a
// module's first calls and compiles for them again and again while lengths change; without it one
// compilation in the first call serves all shapes.
EARLY_EXIT_EXPORT void DisableProfilingExecutor();

}  // namespace early_exit
