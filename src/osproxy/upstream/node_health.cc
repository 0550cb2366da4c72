#include "osproxy/upstream/node_health.h"

#include <algorithm>
#include <utility>

namespace osproxy {
namespace {

constexpr std::chrono::milliseconds kInDoubt{1'000};

}  // namespace

bool HealthCheckMachine::probed(NodeFault result) noexcept {
  const bool first = !std::exchange(probed_, true);
  const bool succeeded = result == NodeFault::None;
  const bool healthy = fault_ == NodeFault::None;
  if (succeeded == healthy) {
    contradictions_ = 0;
    return std::exchange(fault_, result) != result;  // unhealthy, for another reason
  }
  ++contradictions_;
  const unsigned needed = succeeded ? options_.healthy_after : options_.unhealthy_after;
  if (!first && contradictions_ < needed) return false;
  contradictions_ = 0;
  fault_ = result;
  return true;
}

std::chrono::milliseconds HealthCheckMachine::next(Random& random) const noexcept {
  const auto interval =
      contradictions_ > 0 ? std::min(options_.interval, kInDoubt) : options_.interval;
  const auto tenth = interval / 10;
  const auto jitter = random.below(static_cast<std::uint64_t>(2 * tenth.count()) + 1);
  return interval - tenth + std::chrono::milliseconds{static_cast<std::int64_t>(jitter)};
}

}  // namespace osproxy
