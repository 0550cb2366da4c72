#include "osproxy/proxy/server.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <unistd.h>

#include "osproxy/net/listen_addresses.h"
#include "osproxy/proxy/worker.h"
#include "osproxy/upstream/address_reports.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

constexpr auto kDrainPoll = 10ms;

/// A worker completes a pass of its loop within milliseconds, and needs one for each 128 requests.
constexpr auto kListingTimeout = 1s;

}  // namespace

std::expected<std::unique_ptr<Server>, std::string> Server::start(
    ServerOptions options, const SnapshotCell<DirectiveSet>& directives,
    const RecorderOf& recorder_of, const Clock& clock, UpstreamStats& stats) {
  assert(options.workers > 0 && !options.upstream.nodes.empty());
  std::unique_ptr<Server> server(new Server(std::move(options), clock));
  if (auto opened = server->open(recorder_of, directives, stats); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  for (const auto& worker : server->workers_) worker->run(server->workers_);
  return server;
}

/// Makes the workers, each with its acceptor.
std::expected<void, std::string> Server::open(const RecorderOf& recorder_of,
                                              const SnapshotCell<DirectiveSet>& directives,
                                              UpstreamStats& stats) {
  ListenAddresses where;
  if (options_.listener < 0) {
    auto found = find_listen_addresses(options_.listen);
    if (!found) return std::unexpected(std::move(found).error());
    where = *std::move(found);
    address_ = {.host = options_.listen.host, .port = where.endpoints.front().port()};
  }
  skipped_addresses_ = where.skipped;
  for (unsigned i = 0; i < options_.workers; ++i) {
    auto worker = std::make_unique<Worker>(options_, limits_, directives, replaceable_,
                                           recorder_of(i), clock_, stats, *address_reports_, i);
    if (options_.listener < 0) {
      const auto bound = worker->listen(where);
      if (!bound) return std::unexpected(cannot_listen(options_.listen, bound.error()));
    } else {
      const auto joined = worker->join(options_.listener);
      if (!joined) return std::unexpected(cannot_listen(options_.listen, joined.error()));
      address_ = {.host = joined->address().to_string(), .port = joined->port()};
    }
    workers_.push_back(std::move(worker));
  }
  if (options_.listener >= 0) ::close(options_.listener);  // each worker has its own by now
  return {};
}

Server::Server(ServerOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      limits_({.all = options_.max_connections,
               .each = options_.connections_of_one(),
               .trusted = options_.trusted_proxies}),
      replaceable_{.identities = SnapshotCell<Identities>(options_.identities),
                   .tls = SnapshotCell<TlsContexts>(options_.tls)},
      address_reports_(std::make_unique<AddressReports>(options_.upstream.nodes.size())) {
  options_.upstream.workers = options_.workers;
  options_.upstream.handshake_timeout = options_.handshake_timeout;
  options_.upstream.dead_after = std::max(options_.upstream.dead_after, options_.transfer_timeout);
}

Server::~Server() {
  // Each may hand connections to each other, until all of them have stopped.
  for (const auto& worker : workers_) worker->stop();
}

const HostPort& Server::address() const noexcept { return address_; }

std::size_t Server::connections() const noexcept {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->sessions();
  return sum;
}

std::uint64_t Server::sniffing_requests() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->sniffing_requests();
  return sum;
}

ProxyProtocolTotals Server::proxy_protocol_totals() const noexcept {
  ProxyProtocolTotals totals;
  for (const auto& worker : workers_) worker->add_to(totals);
  return totals;
}

RunningRequests Server::running(const RunningQuery& query) {
  const std::lock_guard lock(listing_);
  const auto listing = std::make_shared<RunningListing>(query, workers_.size());
  for (const auto& worker : workers_) worker->list_running(listing);
  return listing->await(kListingTimeout);
}

std::chrono::nanoseconds Server::silence() const {
  const auto now = clock_.boot().time_since_epoch();
  std::chrono::nanoseconds longest{0};
  for (const auto& worker : workers_) longest = std::max(longest, now - worker->last_tick());
  return longest;
}

void Server::replace_identities(std::shared_ptr<const Identities> known) {
  replaceable_.identities.publish(std::move(known));
}

void Server::replace_tls(std::shared_ptr<const TlsContexts> contexts) {
  replaceable_.tls.publish(std::move(contexts));
}

TlsTotals Server::tls_totals() const noexcept {
  TlsTotals totals;
  for (const auto& worker : workers_) worker->add_to(totals);
  return totals;
}

void Server::announce_drain() {
  for (const auto& worker : workers_) worker->announce_draining();
}

bool Server::drain(std::chrono::milliseconds timeout) {
  for (const auto& worker : workers_) worker->start_draining();
  // A connection that waits to be accepted is counted once its worker has begun to drain.
  const auto is_drained = [this] {
    return std::ranges::all_of(workers_,
                               [](const auto& worker) { return worker->is_draining(); }) &&
           connections() == 0;
  };
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!is_drained() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kDrainPoll);
  }
  return is_drained();
}

}  // namespace osproxy
