#include "osproxy/proxy/server.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "osproxy/proxy/worker.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr auto kDrainPoll = 10ms;

std::string cannot_listen(const HostPort& address, std::string_view why) {
  return fmt::format("cannot listen on {}: {}", address.to_string(), why);
}

std::expected<tcp::endpoint, std::string> resolve(const HostPort& address) {
  error_code error;
  const auto literal = asio::ip::make_address(address.host, error);
  if (!error) return tcp::endpoint(literal, address.port);
  asio::io_context io;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return std::unexpected(cannot_listen(address, "the name is not found"));
  }
  return found.begin()->endpoint();
}

/// Resolved, and not another server's port: SO_REUSEPORT, which the workers need, would let us
/// share it unnoticed.
std::expected<tcp::endpoint, std::string> find_free(const HostPort& address) {
  const auto where = resolve(address);
  if (!where) return where;
  asio::io_context io;
  tcp::acceptor alone(io);
  error_code error;
  alone.open(where->protocol(), error);
  if (!error) alone.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) alone.bind(*where, error);
  if (error) return std::unexpected(cannot_listen(address, error.message()));
  return where;
}

}  // namespace

std::expected<std::unique_ptr<Server>, std::string> Server::start(
    ServerOptions options, const SnapshotCell<DirectiveSet>& directives,
    const RecorderOf& recorder_of, const Clock& clock, UpstreamStats& stats) {
  assert(options.workers > 0 && !options.upstream.nodes.empty());
  std::unique_ptr<Server> server(new Server(std::move(options), clock));
  if (auto opened = server->open(recorder_of, directives, stats); !opened) {
    return std::unexpected(std::move(opened).error());
  }
  for (const auto& worker : server->workers_) worker->run();
  return server;
}

/// Makes the workers, each with its acceptor.
std::expected<void, std::string> Server::open(const RecorderOf& recorder_of,
                                              const SnapshotCell<DirectiveSet>& directives,
                                              UpstreamStats& stats) {
  tcp::endpoint where;
  if (options_.listener < 0) {
    auto free = find_free(options_.listen);
    if (!free) return std::unexpected(std::move(free).error());
    where = *free;
  }
  const std::size_t share = (options_.max_connections + options_.workers - 1) / options_.workers;
  for (unsigned i = 0; i < options_.workers; ++i) {
    auto worker = std::make_unique<Worker>(options_, share, directives, replaceable_,
                                           recorder_of(i), clock_, stats, i);
    const auto bound =
        options_.listener < 0 ? worker->listen(where) : worker->join(options_.listener);
    if (!bound) return std::unexpected(cannot_listen(options_.listen, bound.error()));
    where = *bound;  // the others join the port that the first one was given
    workers_.push_back(std::move(worker));
  }
  address_ = {.host = options_.listener < 0 ? options_.listen.host : where.address().to_string(),
              .port = where.port()};
  if (options_.listener >= 0) ::close(options_.listener);  // each worker has its own by now
  return {};
}

Server::Server(ServerOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      replaceable_{.identities = SnapshotCell<Identities>(options_.identities),
                   .tls = SnapshotCell<TlsContexts>(options_.tls)} {
  options_.upstream.workers = options_.workers;
  options_.upstream.handshake_timeout = options_.handshake_timeout;
  options_.upstream.dead_after = std::max(options_.upstream.dead_after, options_.transfer_timeout);
}

Server::~Server() = default;

const HostPort& Server::address() const noexcept { return address_; }

std::size_t Server::connections() const noexcept {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->sessions();
  return sum;
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

bool Server::drain(std::chrono::milliseconds timeout) {
  for (const auto& worker : workers_) worker->start_draining();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (connections() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kDrainPoll);
  }
  return connections() == 0;
}

}  // namespace osproxy
