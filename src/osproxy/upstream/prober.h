// Active health checks: requests a path of each node at an interval, on a connection opened for the
// check, and shows in the stats whether the node responds. node_health.h decides from the results.
//
//   UpstreamProber prober(options, network, dependencies);
//   prober.start();
//
// The first worker checks for all workers: each of them reads the stats. A check passes if its
// status is below 500: a 401 comes from a node that is alive. Each check of a node asks all
// addresses of its name at the same time, once. The node passes if one of them does. Addresses that
// fail while others pass are shown in the reports, so that no connection begins with them. A worker
// that suspects a node (balancer.h) or an address (address_book.h) gets a check at once, but at
// most one a second, so that clients whose requests fail cause few checks.
//
// Belongs to its worker. Must outlive the executor's loop, with which the checks end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/upstream/address_health.h"
#include "osproxy/upstream/address_reports.h"
#include "osproxy/upstream/connector.h"
#include "osproxy/upstream/options.h"

namespace osproxy {

class UpstreamProber {
 public:
  struct Dependencies {
    const Clock& clock;
    UpstreamStats& stats;
    AddressReports& reports;
    Random random;
  };

  /// `options`, and what `network` and `dependencies` refer to, must outlive this.
  UpstreamProber(const UpstreamOptions& options, UpstreamConnector::Dependencies network,
                 Dependencies dependencies);
  UpstreamProber(const UpstreamProber&) = delete;
  UpstreamProber& operator=(const UpstreamProber&) = delete;

  /// Does nothing if no path is set.
  void start();

 private:
  struct Check;

  Task<> watch(std::size_t node);
  Task<> pause(std::size_t node, std::chrono::milliseconds time, std::uint64_t suspicions);
  Task<std::optional<NodeFault>> probe(std::size_t node, AddressHealth& addresses);
  std::optional<NodeFault> conclude(std::size_t node, const Check& check, AddressHealth& addresses);
  Task<> probe_address(std::size_t node, Check& check, std::size_t place);
  Task<NodeFault> ask(Connection& connection, std::string request, SteadyClock::time_point end);

  const UpstreamOptions& options_;
  const UpstreamConnector::Dependencies network_;
  Dependencies dependencies_;
  std::vector<std::unique_ptr<UpstreamConnector>> connectors_;  // one a node
};

}  // namespace osproxy
