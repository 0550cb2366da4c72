#include "osproxy/core/cpu_count.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sched.h>

namespace osproxy {
namespace {

namespace fs = std::filesystem;

/// A process's groups or mounts are few; a file with more lines is not read further.
constexpr std::size_t kMaxLines = 10'000;

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; lines.size() < kMaxLines && std::getline(in, line);) {
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(std::move(part));
  return parts;
}

bool has(const std::vector<std::string>& list, std::string_view element) {
  return std::ranges::find(list, element) != list.end();
}

/// A hierarchy that may limit CPUs: `version` 1 with the controller `cpu`, or 2.
struct Hierarchy {
  int version;
  std::string mounted_root;  // the group that is mounted
  fs::path mount;            // where
};

/// A line of mountinfo: `36 35 0:30 /root /mount options… - cgroup2 source super-options`.
std::optional<Hierarchy> parse_mount(const std::string& line) {
  constexpr std::size_t kRoot = 3;
  constexpr std::size_t kMount = 4;
  const std::vector<std::string> fields = split(line, ' ');
  const auto dash = std::ranges::find(fields, "-");
  if (fields.end() - dash < 4 || dash - fields.begin() <= static_cast<std::ptrdiff_t>(kMount)) {
    return std::nullopt;
  }
  const std::string& type = dash[1];
  const bool is_first = type == "cgroup" && has(split(dash[3], ','), "cpu");
  if (!is_first && type != "cgroup2") return std::nullopt;
  return Hierarchy{
      .version = is_first ? 1 : 2, .mounted_root = fields[kRoot], .mount = fields[kMount]};
}

/// The group of this process in the hierarchy, as /proc/self/cgroup has it: `4:cpu,cpuacct:/path`,
/// `0::/path`.
std::optional<std::string> group_in(const Hierarchy& hierarchy,
                                    const std::vector<std::string>& groups) {
  for (const std::string& line : groups) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool matches = hierarchy.version == 1 ? has(split(controllers, ','), "cpu")
                                                : controllers.empty() && line.starts_with("0:");
    if (matches) return line.substr(second + 1);
  }
  return std::nullopt;
}

/// The group's path below the mount. A container may see its group's path outside while only the
/// group itself is mounted; then the mount is the group.
fs::path below_mount(const Hierarchy& hierarchy, const std::string& group) {
  std::string_view path = group;
  if (path.find("..") != std::string_view::npos) return {};
  if (hierarchy.mounted_root != "/") {
    if (!path.starts_with(hierarchy.mounted_root)) return {};
    path.remove_prefix(hierarchy.mounted_root.size());
    if (!path.empty() && path.front() != '/') return {};
  }
  return fs::path(path).relative_path();
}

/// Version 1: two files; version 2: `cpu.max` with "quota period" or "max period".
double quota_of(int version, const fs::path& directory) {
  double quota = -1;
  double period = 0;
  if (version == 1) {
    std::ifstream(directory / "cpu.cfs_quota_us") >> quota;
    std::ifstream(directory / "cpu.cfs_period_us") >> period;
  } else {
    std::ifstream in(directory / "cpu.max");
    if (!(in >> quota)) return kNoCpuQuota;
    in >> period;
  }
  return quota > 0 && period > 0 ? quota / period : kNoCpuQuota;
}

}  // namespace

double cgroup_cpus(const fs::path& root) {
  const std::vector<std::string> groups = lines_of(root / "proc/self/cgroup");
  double least = kNoCpuQuota;
  for (const std::string& line : lines_of(root / "proc/self/mountinfo")) {
    const auto hierarchy = parse_mount(line);
    if (!hierarchy) continue;
    const auto group = group_in(*hierarchy, groups);
    if (!group) continue;
    fs::path directory = root / hierarchy->mount.relative_path();
    least = std::min(least, quota_of(hierarchy->version, directory));
    for (const fs::path& step : below_mount(*hierarchy, *group)) {
      directory /= step;
      least = std::min(least, quota_of(hierarchy->version, directory));
    }
  }
  return least;
}

unsigned usable_cpus(unsigned affinity, double quota) noexcept {
  const double cpus = std::min(static_cast<double>(affinity), std::ceil(quota));
  return static_cast<unsigned>(std::max(cpus, 1.0));
}

unsigned usable_cpus() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  // It fails on a machine with more CPUs than the set has bits.
  const int affinity = ::sched_getaffinity(0, sizeof allowed, &allowed) == 0
                           ? CPU_COUNT(&allowed)
                           : static_cast<int>(std::thread::hardware_concurrency());
  return usable_cpus(static_cast<unsigned>(std::max(affinity, 1)), cgroup_cpus());
}

}  // namespace osproxy
