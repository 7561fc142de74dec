#include "cpus.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

namespace early_exit::classify {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::size_t BoundCpus() {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0) {
    return static_cast<std::size_t>(std::max(CPU_COUNT(&cpus), 1));
  }
  return std::max(std::thread::hardware_concurrency(), 1U);
}

// "QUOTA PERIOD" in microseconds; anything else ("max", -1, no file) is no limit.
std::size_t ShareOf(const std::string& quota_and_period, std::size_t otherwise) {
  std::istringstream text(quota_and_period);
  double quota = 0.0, period = 0.0;
  if (!(text >> quota >> period) || quota <= 0.0 || period <= 0.0) return otherwise;
  const double share = std::ceil(quota / period);
  return share < static_cast<double>(otherwise) ? static_cast<std::size_t>(share) : otherwise;
}

// One group, whichever version's files it has.
std::size_t GroupCpus(const std::string& folder, std::size_t otherwise) {
  const std::string version_1 =
      ReadFile(folder + "/cpu.cfs_quota_us") + " " + ReadFile(folder + "/cpu.cfs_period_us");
  return ShareOf(version_1, ShareOf(ReadFile(folder + "/cpu.max"), otherwise));
}

// The group at `path` below `root`, and its parents.
std::size_t NestedCpus(const std::string& root, std::string path, std::size_t otherwise) {
  while (true) {
    otherwise = GroupCpus(root + path, otherwise);
    const std::size_t slash = path.rfind('/');
    if (path.empty() || slash == std::string::npos) return otherwise;
    path.resize(slash);
  }
}

}  // namespace

std::size_t CgroupCpus(const std::string& proc_cgroup, const std::string& mount,
                       std::size_t otherwise) {
  std::istringstream lines(proc_cgroup);
  // Each line is NUMBER:CONTROLLERS:PATH, without controllers for version 2.
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
      otherwise = NestedCpus(mount, path, otherwise);
    } else if (("," + controllers + ",").find(",cpu,") != std::string::npos) {
      for (const std::string& folder : {controllers, std::string("cpu")}) {
        otherwise = NestedCpus(mount + "/" + folder, path, otherwise);
      }
    }
  }
  return std::max<std::size_t>(otherwise, 1);
}

std::size_t AvailableCpus() {
  return CgroupCpus(ReadFile("/proc/self/cgroup"), "/sys/fs/cgroup", BoundCpus());
}

}  // namespace early_exit::classify
