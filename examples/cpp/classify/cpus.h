#pragma once

#include <cstddef>
#include <string>

namespace early_exit::classify {

// How many CPUs this process may use: those it is bound to, and no more than its control group's
// share of CPU time, at least 1.
std::size_t AvailableCpus();

// The least share, in CPUs and rounded up, of the control groups that `proc_cgroup` (the content of
// /proc/self/cgroup) names below the folder `mount` (/sys/fs/cgroup), of version 1 or 2; their
// parents count too. `otherwise` where none is limited.
std::size_t CgroupCpus(const std::string& proc_cgroup, const std::string& mount,
                       std::size_t otherwise);

}  // namespace early_exit::classify
