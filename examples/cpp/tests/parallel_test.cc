#include "parallel.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cpus.h"

namespace early_exit::classify {
namespace {

TEST(ForEach, DoesEverythingOnceOnAnyNumberOfThreads) {
  for (const std::size_t n : {0, 1, 2, 100}) {
    for (const std::size_t n_threads : {1, 2, 7, 4096}) {
      std::vector<std::atomic<int>> calls(n);
      ForEach(n, n_threads, [&](std::size_t i) { ++calls[i]; });
      for (const auto& count : calls) EXPECT_EQ(count, 1);
    }
  }
}

// In a process of its own, whose memory has no room for many stacks.
void DoMuchInLittleMemory() {
  std::ifstream pages("/proc/self/statm");
  rlim_t n_pages = 0;
  pages >> n_pages;
  const rlim_t room = n_pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (64 << 20);
  const rlimit limit{room, room};
  if (setrlimit(RLIMIT_AS, &limit) != 0) std::_Exit(2);
  std::atomic<int> n_calls{0};
  ForEach(500, 500, [&](std::size_t) {
    ++n_calls;
    usleep(1000);
  });
  std::_Exit(n_calls == 500 ? 0 : 1);
}

TEST(ForEach, DoesEverythingWhereThreadsCannotBeStarted) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers take terabytes of address space";
#endif
  EXPECT_EXIT(DoMuchInLittleMemory(), ::testing::ExitedWithCode(0), "");
}

TEST(CgroupCpus, TakesTheLeastShareOfAGroupAndItsParents) {
  const std::string root = ::testing::TempDir() + "early_exit_cgroup";
  std::filesystem::remove_all(root);
  const auto write = [&](const std::string& file, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(root + file).parent_path());
    std::ofstream(root + file) << content;
  };
  EXPECT_EQ(CgroupCpus("0::/a/b\n", root, 16), 16u);
  write("/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(CgroupCpus("0::/a/b\n", root, 16), 16u);
  write("/a/cpu.max", "250000 100000\n");
  EXPECT_EQ(CgroupCpus("0::/a/b\n", root, 16), 3u);
  EXPECT_EQ(CgroupCpus("0::/a/b\n", root, 2), 2u);
  write("/a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(CgroupCpus("0::/a/b\n", root, 16), 1u);
  EXPECT_EQ(CgroupCpus("0::/a\n", root, 16), 3u);
  EXPECT_EQ(CgroupCpus("0::/../elsewhere\nnonsense\n", root, 16), 16u);
  write("/cpu,cpuacct/c/cpu.cfs_quota_us", "400000\n");
  write("/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CgroupCpus("4:memory:/c\n3:cpu,cpuacct:/c/d\n", root, 16), 4u);
  write("/cpu,cpuacct/c/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(CgroupCpus("3:cpu,cpuacct:/c\n", root, 16), 16u);
  std::filesystem::remove_all(root);
}

TEST(AvailableCpus, IsAtLeastOne) { EXPECT_GE(AvailableCpus(), 1u); }

}  // namespace
}  // namespace early_exit::classify
