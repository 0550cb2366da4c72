// The CPUs that this process may use: not the machine's, but those of its affinity mask and of the
// quotas of its control groups.
//
//   const unsigned workers = usable_cpus();   // 1 with a quota of half a CPU
//
// A container with `limits.cpu: 500m` sees all CPUs of its machine. A worker for each of them would
// use up the quota at once, and all would stand still until the next period.
//
// cgroup_cpus() reads files only. Pure but for them; throws nothing.
#pragma once

#include <filesystem>
#include <limits>

namespace osproxy {

/// No control group sets a quota.
inline constexpr double kNoCpuQuota = std::numeric_limits<double>::infinity();

/// The smallest quota, in CPUs, of the control groups of this process, of version 1 or 2: a quota
/// of a group higher up binds those below it. `root` has `proc` and the hierarchy of groups; it
/// differs from "/" in tests only.
double cgroup_cpus(const std::filesystem::path& root = "/");

/// `affinity` CPUs, or the quota if that is less, rounded up; at least 1.
unsigned usable_cpus(unsigned affinity, double quota) noexcept;

/// For this process.
unsigned usable_cpus();

}  // namespace osproxy
