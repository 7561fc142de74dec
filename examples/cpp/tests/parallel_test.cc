#include "parallel.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
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
