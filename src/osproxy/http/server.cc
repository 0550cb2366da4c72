#include "osproxy/http/server.h"

#include <cassert>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include "osproxy/http/worker.h"

namespace osproxy::http {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr auto kDrainPoll = 10ms;

std::expected<tcp::endpoint, std::string> resolve(const HostPort& address) {
  error_code error;
  const auto literal = asio::ip::make_address(address.host, error);
  if (!error) return tcp::endpoint(literal, address.port);
  asio::io_context io;
  tcp::resolver resolver(io);
  const auto found =
      resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return std::unexpected(
        fmt::format("cannot listen on {}: the name is not found", address.to_string()));
  }
  return found.begin()->endpoint();
}

/// Another server's port: SO_REUSEPORT, which the workers need, would let us share it unnoticed.
error_code try_alone(const tcp::endpoint& where) {
  asio::io_context io;
  tcp::acceptor alone(io);
  error_code error;
  alone.open(where.protocol(), error);
  if (!error) alone.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) alone.bind(where, error);
  return error;
}

}  // namespace

Server::Server() = default;

std::expected<std::unique_ptr<Server>, std::string> Server::start(
    ServerOptions options, const SnapshotCell<DirectiveSet>& directives,
    const RecorderOf& recorder_of, const Clock& clock) {
  assert(options.workers > 0 && !options.upstreams.empty());
  auto where = resolve(options.listen);
  if (!where) return std::unexpected(std::move(where).error());

  std::unique_ptr<Server> server(new Server);
  server->options_ = std::move(options);
  server->replace_identities(server->options_.identities);
  const ServerOptions& own = server->options_;
  if (const error_code error = try_alone(*where)) {
    return std::unexpected(
        fmt::format("cannot listen on {}: {}", own.listen.to_string(), error.message()));
  }
  const std::size_t share = (own.max_connections + own.workers - 1) / own.workers;
  for (unsigned i = 0; i < own.workers; ++i) {
    auto worker = std::make_unique<Worker>(own, share, directives, server->identities_,
                                           recorder_of(i), clock);
    auto bound = worker->listen(*where);
    if (!bound) {
      return std::unexpected(
          fmt::format("cannot listen on {}: {}", own.listen.to_string(), bound.error()));
    }
    where->port(bound->port());  // the others join the port that the first one was given
    server->workers_.push_back(std::move(worker));
  }
  server->address_ = {.host = own.listen.host, .port = where->port()};
  for (const auto& worker : server->workers_) worker->run();
  return server;
}

Server::~Server() = default;

const HostPort& Server::address() const noexcept { return address_; }

std::size_t Server::connections() const noexcept {
  std::size_t sum = 0;
  for (const auto& worker : workers_) sum += worker->sessions();
  return sum;
}

void Server::replace_identities(std::shared_ptr<const Identities> known) {
  identities_.publish(std::move(known));
}

bool Server::drain(std::chrono::milliseconds timeout) {
  for (const auto& worker : workers_) worker->start_draining();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (connections() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kDrainPoll);
  }
  return connections() == 0;
}

}  // namespace osproxy::http
