#include "osproxy/upstream/prober.h"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include "osproxy/http/head.h"
#include "osproxy/upstream/node_health.h"

namespace osproxy {

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
  Timer pause(network_.executor);
  ProbedNode& shown = dependencies_.stats.probed(node);
  while (true) {
    const NodeFault result = co_await probe(node);
    if (result == NodeFault::None) shown.successes.add(1);
    if (health.probed(result)) {
      shown.health.change(health.fault(), dependencies_.clock.now().wall);
    }
    pause.expires_after(health.next(dependencies_.random));
    co_await pause.async_wait(kAsTask);
  }
}

/// None if the node passes. A new connection each time: whether the node accepts one is half of the
/// check.
Task<NodeFault> UpstreamProber::probe(std::size_t node) {
  const auto end = network_.deadlines.now() + options_.health_check_timeout;
  auto connected = co_await connectors_[node]->connect(options_.health_check_timeout, end);
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
    const http::ParseResult parsed = http::parse_response_head(connection.input().view(), "GET",
                                                               options_.head_limits, head, fault);
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
