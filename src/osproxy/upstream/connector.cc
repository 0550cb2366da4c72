#include "osproxy/upstream/connector.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "osproxy/net/connect_race.h"
#include "osproxy/net/dead_peer.h"
#include "osproxy/net/resolve.h"

namespace osproxy {
namespace {

using asio::ip::tcp;

AddressBook book_for(const HostPort& address, const UpstreamOptions& options) {
  error_code error;
  const auto literal = asio::ip::make_address(address.host, error);
  if (error) {
    return AddressBook({.lookup_interval = options.resolve_interval,
                        .mute_after = options.eject_after,
                        .has_checks = !options.health_check_path.empty()});
  }
  return AddressBook(tcp::endpoint(literal, address.port));
}

Task<AddressBook::Addresses> look_up_in_system(Executor executor, const HostPort& address) {
  auto found = co_await resolve(executor, address);
  co_return found ? *std::move(found) : AddressBook::Addresses();
}

}  // namespace

NameLookup system_lookup(Executor executor) {
  return [executor](const HostPort& address) { return look_up_in_system(executor, address); };
}

UpstreamConnector::UpstreamConnector(const UpstreamOptions& options, Origin node,
                                     Dependencies dependencies)
    : options_(options),
      address_(std::move(node.address)),
      dependencies_(std::move(dependencies)),
      resumption_(node.tls ? std::make_shared<TlsResumption>() : nullptr),
      book_(book_for(address_, options)) {}

Task<UpstreamConnector::Reached> UpstreamConnector::connect(std::chrono::milliseconds timeout,
                                                            SteadyClock::time_point latest,
                                                            StageTimer* stages) {
  const auto end = dependencies_.deadlines.now() + timeout;
  const Limits limits{.end = std::min(end, latest), .latest = latest, .is_full = end <= latest};
  const NodeFault none = co_await await_addresses(limits.end);
  if (none != NodeFault::None) co_return std::unexpected(ConnectError{none});
  refresh();
  auto reached = co_await open(book_.in_order(dependencies_.deadlines.now()), limits, stages);
  // An address without the right certificate may be that of another server.
  const bool is_of_address = !reached && reached.error().fault == NodeFault::TlsFailed;
  if (is_of_address && !book_.is_literal() && book_.has_good() && until(limits.end).count() > 0) {
    reached = co_await open(book_.in_order(dependencies_.deadlines.now()), limits, stages);
  }
  co_return reached;
}

/// A connection to one of `addresses`, with TLS if the node is reached by https.
Task<UpstreamConnector::Reached> UpstreamConnector::open(AddressBook::Addresses addresses,
                                                         Limits limits, StageTimer* stages) {
  auto connected = co_await reach(std::move(addresses), limits);
  if (!connected) co_return connected;
  UpstreamConnection& connection = **connected;
  if (const auto failure = co_await secure(connection, limits.latest, stages)) {
    if (limits.is_full) book_.failed(connection.address(), dependencies_.deadlines.now());
    co_return std::unexpected(ConnectError{NodeFault::TlsFailed, *failure});
  }
  book_.succeeded(connection.address());
  co_return connected;
}

/// A connection to one of `addresses`, still without TLS.
Task<UpstreamConnector::Reached> UpstreamConnector::reach(AddressBook::Addresses addresses,
                                                          Limits limits) {
  ConnectRace race(dependencies_.executor, std::move(addresses));
  Deadline deadline(dependencies_.deadlines, [&] { race.cancel(); });
  deadline.expire_after(until(limits.end));
  auto socket = co_await race.run();
  if (socket || limits.is_full) {
    for (const auto& address : race.losers()) {
      book_.failed(address, dependencies_.deadlines.now());
    }
  }
  if (!socket) {
    const bool timed_out = deadline.expired() || socket.error() == asio::error::timed_out;
    co_return std::unexpected(
        ConnectError{.fault = timed_out ? NodeFault::ConnectTimedOut : NodeFault::ConnectRefused,
                     .is_local = is_local_failure(socket.error())});
  }
  error_code ignored;
  socket->set_option(tcp::no_delay(true), ignored);
  detect_dead_peer(socket->native_handle(), options_.dead_after);
  co_return std::make_unique<UpstreamConnection>(*std::move(socket), dependencies_.deadlines,
                                                 race.winner());
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

void UpstreamConnector::look_up_if_due() {
  if (looking_up_ || !book_.is_due(dependencies_.deadlines.now())) return;
  looking_up_ = true;
  asio::co_spawn(dependencies_.executor, look_up(), asio::detached);
}

void UpstreamConnector::refresh() {
  look_up_if_due();
  if (checking_) return;
  if (const auto address = book_.next_check(dependencies_.deadlines.now())) {
    checking_ = true;
    asio::co_spawn(dependencies_.executor, check(*address), asio::detached);
  }
}

Task<> UpstreamConnector::look_up() {
  const AddressBook::Addresses found = co_await dependencies_.lookup(address_);
  book_.looked_up(found, dependencies_.deadlines.now());
  looking_up_ = false;
  for (Wakeup* const wakeup : waiting_) wakeup->wake();
}

/// Connects to an address that has failed; open() notes the result.
Task<> UpstreamConnector::check(AddressBook::Address address) {
  const auto now = dependencies_.deadlines.now();
  const Limits limits{.end = now + options_.connect_timeout,
                      .latest = now + options_.connect_timeout + options_.handshake_timeout,
                      .is_full = true};
  co_await open(AddressBook::Addresses(1, address), limits, nullptr);
  checking_ = false;
}

/// Until there are some (None), the lookup found none, or the time is over.
Task<NodeFault> UpstreamConnector::await_addresses(SteadyClock::time_point end) {
  if (!book_.empty()) co_return NodeFault::None;
  // A name that has just been looked up in vain is not looked up again at once.
  look_up_if_due();
  if (!book_.empty()) co_return NodeFault::None;
  if (!looking_up_) co_return NodeFault::NameNotFound;
  Wakeup wakeup(dependencies_.executor);
  Deadline deadline(dependencies_.deadlines, [&] { wakeup.wake(); });
  deadline.expire_after(until(end));
  waiting_.push_back(&wakeup);
  co_await wakeup.sleep();
  std::erase(waiting_, &wakeup);
  if (!book_.empty()) co_return NodeFault::None;
  co_return deadline.expired() ? NodeFault::NameTimedOut : NodeFault::NameNotFound;
}

Task<std::expected<AddressBook::Addresses, NodeFault>> UpstreamConnector::find(
    std::chrono::milliseconds timeout) {
  const NodeFault none = co_await await_addresses(dependencies_.deadlines.now() + timeout);
  if (none != NodeFault::None) co_return std::unexpected(none);
  look_up_if_due();
  co_return book_.all();
}

Task<UpstreamConnector::Reached> UpstreamConnector::connect_to(AddressBook::Address address,
                                                               std::chrono::milliseconds timeout) {
  const auto end = dependencies_.deadlines.now() + timeout;
  // Not the full time of a connection: its failure says nothing of the next ones.
  const Limits limits{.end = end, .latest = end, .is_full = false};
  co_return co_await open(AddressBook::Addresses(1, address), limits, nullptr);
}

AddressEffect UpstreamConnector::request_failed(const UpstreamConnection& connection,
                                                ClientKey client) noexcept {
  return book_.request_failed({.address = connection.address(), .client = client},
                              dependencies_.deadlines.now());
}

}  // namespace osproxy
