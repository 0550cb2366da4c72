#include "osproxy/upstream/prober.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "osproxy/http/head.h"
#include "osproxy/upstream/node_health.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// How often the suspicions of the workers are looked at: as often as their ticks.
constexpr std::chrono::milliseconds kLook = 250ms;

/// The least time between two checks that suspicions ask for.
constexpr std::chrono::milliseconds kBetweenChecks = 1s;

}  // namespace

UpstreamProber::UpstreamProber(const UpstreamOptions& options,
                               UpstreamConnector::Dependencies network, Dependencies dependencies)
    : options_(options), network_(std::move(network)), dependencies_(dependencies) {
  for (const Origin& node : options.nodes) {
    connectors_.push_back(std::make_unique<UpstreamConnector>(options, node, network_));
  }
}

void UpstreamProber::start() {
  if (options_.health_check_path.empty()) return;
  for (std::size_t node = 0; node < connectors_.size(); ++node) {
    asio::co_spawn(network_.executor, watch(node), asio::detached);
  }
}

Task<> UpstreamProber::watch(std::size_t node) {
  HealthCheckMachine health(options_.health_check);
  ProbedNode& shown = dependencies_.stats.probed(node);
  while (true) {
    const std::uint64_t suspicions = dependencies_.stats.suspicions(node);
    if (const auto result = co_await probe(node)) {
      (*result == NodeFault::None ? shown.successes : shown.failures).add(1);
      if (health.probed(*result)) {
        shown.health.change(health.fault(), dependencies_.clock.now().wall);
      }
    }
    co_await pause(node, health.next(dependencies_.random), suspicions);
  }
}

/// Until the next check: after `time`, or earlier if a worker suspects the node. `suspicions` of it
/// were known when the last check began.
Task<> UpstreamProber::pause(std::size_t node, std::chrono::milliseconds time,
                             std::uint64_t suspicions) {
  Timer timer(network_.executor);
  const auto begin = SteadyClock::now();
  while (true) {
    const auto passed = std::chrono::floor<std::chrono::milliseconds>(SteadyClock::now() - begin);
    if (passed >= time) co_return;
    const bool is_suspect = dependencies_.stats.suspicions(node) != suspicions;
    if (is_suspect && passed >= kBetweenChecks) co_return;
    timer.expires_after(std::min(time - passed, kLook));
    co_await timer.async_wait(kAsTask);
  }
}

/// None if the node passes; nullopt if osproxy could not make the check. A new connection each
/// time: whether the node accepts one is half of the check.
Task<std::optional<NodeFault>> UpstreamProber::probe(std::size_t node) {
  const auto end = network_.deadlines.now() + options_.health_check_timeout;
  auto connected = co_await connectors_[node]->connect(options_.health_check_timeout, end);
  if (!connected && connected.error().is_local) co_return std::nullopt;
  if (!connected) co_return connected.error().fault;
  co_return co_await ask(
      **connected,
      fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: osproxy-health-check\r\nConnection: "
                  "close\r\n\r\n",
                  options_.health_check_path, options_.nodes[node].address.to_string()),
      end);
}

Task<NodeFault> UpstreamProber::ask(Connection& connection, std::string request,
                                    SteadyClock::time_point end) {
  error_code error = co_await connection.write(request, options_.health_check_timeout);
  while (!error) {
    http::ResponseHead head;
    http::HeadFault fault;
    const http::ParseResult parsed = http::parse_response_head(
        connection.input().view(), "GET", http::kResponseHeadLimits, head, fault);
    if (parsed == http::ParseResult::Complete) {
      co_return head.status < 500 ? NodeFault::None : NodeFault::BadStatus;
    }
    if (parsed == http::ParseResult::Bad) co_return NodeFault::Malformed;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - network_.deadlines.now());
    error = co_await connection.read(left);
  }
  co_return connection.timed_out() ? NodeFault::ResponseTimedOut : NodeFault::Closed;
}

}  // namespace osproxy
