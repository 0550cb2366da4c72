#include "osproxy/core/cpu_count.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

/// A machine whose files the test writes.
class CpuCount : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view text) const {
    const std::filesystem::path file = root() / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }

  void version_2(std::string_view group, std::string_view mounted_root = "/") const {
    write("proc/self/cgroup", "0::" + std::string(group) + "\n");
    write("proc/self/mountinfo",
          "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
          "31 22 0:27 " +
              std::string(mounted_root) +
              " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }

  std::filesystem::path root() const { return directory_.path(); }
  double cpus() const { return cgroup_cpus(root()); }

 private:
  TempDir directory_;
};

TEST_F(CpuCount, WithoutGroupsThereIsNoQuota) {
  EXPECT_EQ(cpus(), kNoCpuQuota);
  version_2("/a");
  EXPECT_EQ(cpus(), kNoCpuQuota) << "the controller may be off";
  write("sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(cpus(), kNoCpuQuota);
}

TEST_F(CpuCount, TheSmallestQuotaOnTheWayCounts) {
  version_2("/a/b/c");
  write("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
  write("sys/fs/cgroup/a/b/cpu.max", "75000 50000\n");
  write("sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
  EXPECT_EQ(cpus(), 1.5);
  write("sys/fs/cgroup/a/b/c/cpu.max", "50000 100000\n");
  EXPECT_EQ(cpus(), 0.5);
}

TEST_F(CpuCount, AContainerMayHaveItsGroupAsRoot) {
  version_2("/", "/");
  write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  EXPECT_EQ(cpus(), 2);
  version_2("/docker/f00/sub", "/docker/f00");
  write("sys/fs/cgroup/sub/cpu.max", "100000 100000\n");
  EXPECT_EQ(cpus(), 1);
  version_2("/elsewhere", "/docker/f00");
  EXPECT_EQ(cpus(), 2);
  version_2("/../../host");
  EXPECT_EQ(cpus(), 2);
}

TEST_F(CpuCount, Version1HasTwoFiles) {
  write("proc/self/cgroup", "4:memory:/other\n3:cpu,cpuacct:/pod/x\n0::/y\n");
  write("proc/self/mountinfo",
        "33 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "34 25 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus(), kNoCpuQuota);
  write("sys/fs/cgroup/cpu,cpuacct/pod/x/cpu.cfs_quota_us", "250000\n");
  write("sys/fs/cgroup/cpu,cpuacct/pod/x/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus(), 2.5);
}

TEST_F(CpuCount, FilesThatAreOddCountAsNoQuota) {
  write("proc/self/cgroup", "garbage\n0\n:\n0::\n");
  write("proc/self/mountinfo", "short\n- - - -\n1 2 3 4 5 - cgroup2\n");
  EXPECT_EQ(cpus(), kNoCpuQuota);
  version_2("/");
  for (const std::string_view text : {"", "x", "0 100000", "100000", "100000 0", "-5 100000"}) {
    write("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(cpus(), kNoCpuQuota) << text;
  }
}

TEST_F(CpuCount, TheLesserCountsAndPartsAreRoundedUp) {
  EXPECT_EQ(usable_cpus(8, kNoCpuQuota), 8U);
  EXPECT_EQ(usable_cpus(8, 0.5), 1U);
  EXPECT_EQ(usable_cpus(8, 2.5), 3U);
  EXPECT_EQ(usable_cpus(2, 2.5), 2U);
  EXPECT_EQ(usable_cpus(1, 16), 1U);
  EXPECT_GE(usable_cpus(), 1U);
}

}  // namespace
}  // namespace osproxy
