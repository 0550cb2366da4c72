#include "osproxy/upstream/prober.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "osproxy/http/head.h"
#include "osproxy/net/wakeup.h"
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
  AddressHealth addresses(options_.health_check);
  ProbedNode& shown = dependencies_.stats.probed(node);
  while (true) {
    const std::uint64_t suspicions = dependencies_.stats.suspicions(node);
    if (const auto result = co_await probe(node, addresses)) {
      (*result == NodeFault::None ? shown.successes : shown.failures).add(1);
      if (health.probed(*result)) {
        shown.health.change(health.fault(), dependencies_.clock.now().wall);
      }
    }
    const auto next =
        std::min(health.next(dependencies_.random), addresses.next(dependencies_.random));
    co_await pause(node, next, suspicions);
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

/// A check of all addresses of one node. Lives in the frame of probe().
struct UpstreamProber::Check {
  const AddressBook::Addresses addresses;
  const SteadyClock::time_point end;
  std::vector<std::optional<NodeFault>> results;  // nullopt: osproxy could not make the check
  std::size_t left;                               // without a result
  Wakeup done;
};

/// None if the node passes; nullopt if osproxy could not make the check. New connections each time:
/// whether the node accepts them is half of the check.
Task<std::optional<NodeFault>> UpstreamProber::probe(std::size_t node, AddressHealth& addresses) {
  const auto end = network_.deadlines.now() + options_.health_check_timeout;
  auto found = co_await connectors_[node]->find(options_.health_check_timeout);
  if (!found) co_return found.error();
  const std::size_t size = found->size();
  Check check{.addresses = *std::move(found),
              .end = end,
              .results = std::vector<std::optional<NodeFault>>(size),
              .left = size,
              .done = Wakeup(network_.executor)};
  for (std::size_t place = 0; place < size; ++place) {
    asio::co_spawn(network_.executor, probe_address(node, check, place), asio::detached);
  }
  while (check.left > 0) co_await check.done.sleep();
  co_return conclude(node, check, addresses);
}

/// Shows which addresses fail. The result of the node: None if one of its addresses passes.
std::optional<NodeFault> UpstreamProber::conclude(std::size_t node, const Check& check,
                                                  AddressHealth& addresses) {
  std::vector<CheckedAddress> results;
  for (std::size_t place = 0; place < check.addresses.size(); ++place) {
    if (!check.results[place]) return std::nullopt;
    results.push_back({.address = check.addresses[place], .fault = *check.results[place]});
  }
  if (addresses.probed(results)) {
    dependencies_.reports.publish(node, addresses.failing());
  }
  const bool passes =
      std::ranges::find(results, NodeFault::None, &CheckedAddress::fault) != results.end();
  return passes ? NodeFault::None : results.front().fault;
}

Task<> UpstreamProber::probe_address(std::size_t node, Check& check, std::size_t place) {
  std::optional<NodeFault>& result = check.results[place];
  auto connected =
      co_await connectors_[node]->connect_to(check.addresses[place], options_.health_check_timeout);
  if (connected) {
    result = co_await ask(
        **connected,
        fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: osproxy-health-check\r\n"
                    "Connection: close\r\n\r\n",
                    options_.health_check_path, options_.nodes[node].address.to_string()),
        check.end);
  } else if (!connected.error().is_local) {
    result = connected.error().fault;
  }
  if (--check.left == 0) check.done.wake();
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
