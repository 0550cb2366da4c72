#include "osproxy/app/logs/upstream_log.h"

#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "osproxy/core/duration.h"

namespace osproxy::app {

void UpstreamLog::update(std::vector<UpstreamNode> nodes) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const UpstreamNode& node = nodes[i];
    const UpstreamNode& last = last_.empty() ? UpstreamNode{} : last_[i];
    if (node.bad_addresses != last.bad_addresses) {
      const auto level =
          node.bad_addresses > last.bad_addresses ? spdlog::level::warn : spdlog::level::info;
      spdlog::log(level, "upstream {}: connections avoid {} of the addresses of this name",
                  node.name, node.bad_addresses);
    }
    if (node.state == last.state && node.fault == last.fault) continue;
    if (node.state != NodeState::Healthy) {
      spdlog::warn("upstream {} is {}: {}", node.name, to_string(node.state),
                   to_string(node.fault));
      continue;
    }
    spdlog::info("upstream {} is healthy again after {}", node.name,
                 format_duration(std::chrono::floor<std::chrono::milliseconds>(
                     std::max(node.since, last.since) - last.since)));
  }
  last_ = std::move(nodes);
}

}  // namespace osproxy::app
