#include "osproxy/upstream/connector.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/basic_resolver.hpp>

namespace osproxy {
namespace {

using asio::ip::tcp;
using Resolver = asio::ip::basic_resolver<tcp, Executor>;

AddressBook book_for(const HostPort& address, std::chrono::milliseconds interval) {
  error_code error;
  const auto literal = asio::ip::make_address(address.host, error);
  if (error) return AddressBook(interval);
  return AddressBook(tcp::endpoint(literal, address.port));
}

Task<AddressBook::Addresses> resolve(Executor executor, const HostPort& address) {
  Resolver resolver(executor);
  const auto [failed, results] = co_await resolver.async_resolve(
      address.host, std::to_string(address.port), tcp::resolver::numeric_service, kAsTask);
  AddressBook::Addresses addresses;
  if (!failed) addresses.assign(results.begin(), results.end());
  co_return addresses;
}

}  // namespace

NameLookup system_lookup(Executor executor) {
  return [executor](const HostPort& address) { return resolve(executor, address); };
}

UpstreamConnector::UpstreamConnector(const UpstreamOptions& options, Origin node,
                                     Dependencies dependencies)
    : options_(options),
      address_(std::move(node.address)),
      dependencies_(std::move(dependencies)),
      resumption_(node.tls ? std::make_shared<TlsResumption>() : nullptr),
      book_(book_for(address_, options.resolve_interval)) {}

Task<std::expected<std::unique_ptr<Connection>, ConnectError>> UpstreamConnector::connect(
    std::chrono::milliseconds timeout, SteadyClock::time_point latest, StageTimer* stages) {
  auto connection =
      std::make_unique<Connection>(Socket(dependencies_.executor), dependencies_.deadlines);
  const auto end = std::min(dependencies_.deadlines.now() + timeout, latest);
  const NodeFault fault = co_await reach(*connection, end);
  if (fault != NodeFault::None) co_return std::unexpected(ConnectError{fault});
  if (const auto failure = co_await secure(*connection, latest, stages)) {
    co_return std::unexpected(ConnectError{NodeFault::TlsFailed, *failure});
  }
  co_return connection;
}

/// Opens the connection's socket to one of the addresses.
Task<NodeFault> UpstreamConnector::reach(Connection& connection, SteadyClock::time_point end) {
  Socket& socket = connection.socket();
  Wakeup wakeup(dependencies_.executor);
  Deadline deadline(dependencies_.deadlines, [&] {
    wakeup.wake();
    connection.cancel();
  });
  deadline.expire_after(until(end));
  if (book_.empty()) co_await await_addresses(deadline, wakeup);
  if (book_.empty()) {
    co_return deadline.expired() ? NodeFault::ConnectTimedOut : NodeFault::NameNotFound;
  }
  refresh();
  bool timed_out = false;
  const AddressBook::Addresses addresses = book_.in_order(dependencies_.deadlines.now());
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto left = until(end);
    if (left.count() <= 0) co_return NodeFault::ConnectTimedOut;
    // Each its share of the time, so that a silent address does not use up that of the others.
    deadline.expire_after(left / static_cast<int>(addresses.size() - i));
    error_code ignored;
    socket.close(ignored);
    const auto [failed] = co_await socket.async_connect(addresses[i], kAsTask);
    if (!failed) {
      socket.set_option(tcp::no_delay(true), ignored);
      co_return NodeFault::None;
    }
    timed_out = timed_out || deadline.expired();
    book_.failed(addresses[i], dependencies_.deadlines.now());
  }
  co_return timed_out ? NodeFault::ConnectTimedOut : NodeFault::ConnectRefused;
}

/// The handshake with a node that is reached by https.
Task<std::optional<TlsFailure>> UpstreamConnector::secure(Connection& connection,
                                                          SteadyClock::time_point latest,
                                                          StageTimer* stages) {
  if (!resumption_) co_return std::nullopt;
  if (stages != nullptr) stages->enter(Stage::Tls);
  TlsSession session = dependencies_.contexts.load()->upstream->connect(address_.host, resumption_);
  const auto timeout = std::min(options_.handshake_timeout, until(latest));
  co_return co_await connection.secure(std::move(session), dependencies_.tls, timeout);
}

std::chrono::milliseconds UpstreamConnector::until(SteadyClock::time_point end) const {
  return std::chrono::ceil<std::chrono::milliseconds>(end - dependencies_.deadlines.now());
}

void UpstreamConnector::refresh() {
  if (looking_up_ || !book_.is_due(dependencies_.deadlines.now())) return;
  looking_up_ = true;
  asio::co_spawn(dependencies_.executor, look_up(), asio::detached);
}

Task<> UpstreamConnector::look_up() {
  const AddressBook::Addresses found = co_await dependencies_.lookup(address_);
  book_.looked_up(found, dependencies_.deadlines.now());
  looking_up_ = false;
  for (Wakeup* const wakeup : waiting_) wakeup->wake();
}

/// Until there are some, the lookup found none, or the time is over.
Task<> UpstreamConnector::await_addresses(const Deadline& deadline, Wakeup& wakeup) {
  // A name that has just been looked up in vain is not looked up again at once.
  refresh();
  if (!looking_up_ || deadline.expired()) co_return;
  waiting_.push_back(&wakeup);
  co_await wakeup.sleep();
  std::erase(waiting_, &wakeup);
}

bool UpstreamConnector::is_current(Connection& connection) const {
  if (book_.is_literal()) return true;
  error_code error;
  const tcp::endpoint where = connection.socket().remote_endpoint(error);
  return !error && book_.contains(where);
}

}  // namespace osproxy
