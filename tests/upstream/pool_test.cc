// The pool with real connections and a manual clock: waiting requests, pooled connections, and the
// addresses of a name.
#include "osproxy/upstream/pool.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "tests/support/raw_socket.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

const Origin kNamed{.address = {.host = "search.example", .port = 9200}};

tcp::endpoint endpoint_of(const RawListener& listener) {
  return {asio::ip::address_v4::loopback(), listener.port()};
}

/// A request to the pool, and the client that sent it.
struct Request {
  Request(asio::io_context& io, Deadlines& deadlines, tcp::acceptor& clients, unsigned host = 1)
      : peer(RawConnection::connect(clients.local_endpoint().port(), host)),
        client(Socket(io), deadlines) {
    clients.accept(client.socket());
    request.client_key = host;
  }

  bool has_lease() const { return result && result->has_value(); }
  bool is_refused() const { return result && !result->has_value(); }
  UpstreamPool::Lease& lease() { return result->value(); }
  void finish(bool keep = true) {
    if (keep) lease().keep();
    result.reset();
  }

  RawConnection peer;
  Connection client;
  ManualClock clock;
  StageTimer stages{clock, clock.now().boot};
  UpstreamPool::AcquireRequest request{.client = client, .stages = stages};
  std::optional<std::expected<UpstreamPool::Lease, AcquireFault>> result;
};

/// Members: the pool, all that it uses, and both ends of its connections.
class UpstreamPoolTest : public testing::Test {
 protected:
  UpstreamPoolTest() {
    options.nodes = {loopback_node(node.port())};
    deadlines.advance(now);
  }

  ~UpstreamPoolTest() override {
    requests.clear();
    if (pool) pool->drain();
    clients.reset();
    io.reset();
  }

  void start() {
    std::vector<std::string> names;
    for (const Origin& origin : options.nodes) names.push_back(origin.address.to_string());
    stats.emplace(names, 2, clock.now().wall);
    reports.emplace(names.size());
    make(pool, 0);
  }

  void make(std::optional<UpstreamPool>& made, std::size_t worker) {
    made.emplace(
        options,
        UpstreamConnector::Dependencies{.executor = io->get_executor(),
                                        .deadlines = deadlines,
                                        .contexts = contexts,
                                        .tls = tls,
                                        .lookup = [this](const HostPort&) { return look_up(); }},
        UpstreamPool::Dependencies{
            .clock = clock, .stats = *stats, .reports = *reports, .worker = worker});
  }

  /// A connection of another worker, which it keeps; false if it must wait for one.
  bool other_worker_keeps_one(UpstreamPool& other) {
    requests.push_back(std::make_unique<Request>(*io, deadlines, *clients));
    Request& request = *requests.back();
    const auto acquire = [](UpstreamPool& from, Request& asked) -> Task<> {
      asked.result.emplace(co_await from.acquire(asked.request));
    };
    asio::co_spawn(*io, acquire(other, request), asio::detached);
    const auto end = SteadyClock::now() + kPatience;
    settle();
    while (!request.result && SteadyClock::now() < end) {
      io->run_one_for(10ms);
      tick();
      other.tick();
    }
    if (!request.has_lease()) return false;
    request.finish();
    return true;
  }

  /// Asks for a connection, and runs the loop as far as it can go without time passing.
  Request& ask(ReusePolicy reuse = ReusePolicy::Any) { return ask_from(1, reuse); }

  /// The same for the client 127.0.0.`host`.
  Request& ask_from(unsigned host, ReusePolicy reuse = ReusePolicy::Any) {
    requests.push_back(std::make_unique<Request>(*io, deadlines, *clients, host));
    Request& request = *requests.back();
    request.request.reuse = reuse;
    asio::co_spawn(*io, acquire(request), asio::detached);
    settle();
    return request;
  }

  /// The same, and waits for the result.
  Request& ask_and_get(ReusePolicy reuse = ReusePolicy::Any) { return get(ask(reuse)); }

  Request& get(Request& request) {
    const auto end = SteadyClock::now() + kPatience;
    while (!request.result && SteadyClock::now() < end) io->run_one_for(1s);
    EXPECT_TRUE(request.result.has_value());
    return request;
  }

  void tick(std::chrono::milliseconds later = 250ms) {
    now += later;
    deadlines.advance(now);
    pool->tick();
    settle();
  }

  void settle() {
    io->restart();
    io->poll();
  }

  UpstreamNode seen(std::size_t place = 0) const { return stats->nodes()[place]; }

  RawListener node;
  UpstreamOptions options;
  AddressBook::Addresses addresses;  // of every name
  int look_ups = 0;
  bool lookup_hangs = false;

  std::unique_ptr<asio::io_context> io = std::make_unique<asio::io_context>();
  std::optional<tcp::acceptor> clients{std::in_place, *io,
                                       tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  SteadyClock::time_point now = SteadyClock::now();
  Deadlines deadlines;
  ManualClock clock;
  const SnapshotCell<TlsContexts> cell{std::make_shared<const TlsContexts>()};
  SnapshotReader<TlsContexts> contexts{cell};
  TlsWorker tls;
  std::optional<UpstreamStats> stats;
  std::optional<AddressReports> reports;
  std::optional<UpstreamPool> pool;
  std::vector<std::unique_ptr<Request>> requests;

 private:
  Task<> acquire(Request& request) {
    request.result.emplace(co_await pool->acquire(request.request));
  }

  Task<AddressBook::Addresses> look_up() {
    ++look_ups;
    if (lookup_hangs) {
      asio::steady_timer never(io->get_executor(), SteadyClock::time_point::max());
      co_await never.async_wait(kAsTask);
    }
    co_return addresses;
  }
};

TEST_F(UpstreamPoolTest, AKeptConnectionIsUsedAgain) {
  start();
  Request& first = ask_and_get();
  EXPECT_FALSE(first.lease().reused());
  first.finish();
  EXPECT_EQ(seen().idle, 1U);
  Request& second = ask_and_get();
  EXPECT_TRUE(second.lease().reused());
  EXPECT_EQ(seen().in_flight, 1U);
  EXPECT_EQ(seen().connections, 1U);
  EXPECT_EQ(seen().idle, 0U);
}

TEST_F(UpstreamPoolTest, AnOldConnectionIsNotUsedForAnUnrepeatableRequest) {
  start();
  ask_and_get().finish();
  Request& soon = ask_and_get(ReusePolicy::Recent);
  EXPECT_TRUE(soon.lease().reused());
  soon.finish();
  tick(4001ms);
  Request& late = ask_and_get(ReusePolicy::Recent);
  EXPECT_FALSE(late.lease().reused());
  EXPECT_TRUE(ask_and_get(ReusePolicy::Any).lease().reused());
}

TEST_F(UpstreamPoolTest, IdleConnectionsAreClosedAfterTheirTimeOut) {
  start();
  ask_and_get().finish();
  RawConnection kept = node.accept();
  tick(options.idle_timeout);
  EXPECT_EQ(seen().idle, 1U);
  tick(1ms);
  EXPECT_EQ(seen().idle, 0U);
  kept.expect_end();
}

TEST_F(UpstreamPoolTest, RequestsWaitInTheOrderOfArrival) {
  options.max_connections = 1;
  start();
  Request& first = ask_and_get();
  Request& second = ask();
  Request& third = ask();
  EXPECT_FALSE(second.result || third.result);
  EXPECT_EQ(stats->totals().waiting, 2U);

  first.finish();
  Request& barger = ask();  // comes when the place is free, and already given away
  EXPECT_FALSE(barger.result);
  EXPECT_TRUE(second.has_lease());
  EXPECT_TRUE(second.lease().reused());
  EXPECT_FALSE(third.result);
  second.finish();
  settle();
  EXPECT_TRUE(third.has_lease());
  EXPECT_EQ(seen().waits, 2U);
  EXPECT_EQ(stats->totals().waiting, 1U);
  EXPECT_EQ(seen().connections, 1U);
}

TEST_F(UpstreamPoolTest, TheLimitHoldsForAllWorkersTogether) {
  options.max_connections = 1;
  options.workers = 2;
  start();
  std::optional<UpstreamPool> other;
  make(other, 1);
  Request& first = ask_and_get();
  EXPECT_FALSE(other_worker_keeps_one(*other));  // its wait is over first
  EXPECT_EQ(stats->shared(0).open.load(), 1U);
  first.finish();
  requests.clear();
  other.reset();
  EXPECT_EQ(stats->shared(0).hungry.load(), 0U);
}

TEST_F(UpstreamPoolTest, AWorkerGivesUpAConnectionBeyondItsShare) {
  options.max_connections = 2;
  options.workers = 2;
  options.wait_timeout = 1h;
  start();
  std::optional<UpstreamPool> other;
  make(other, 1);
  Request& first = ask_and_get();
  Request& second = ask_and_get();
  first.finish();
  second.finish();
  EXPECT_EQ(seen().idle, 2U);  // no other worker needs one
  EXPECT_TRUE(other_worker_keeps_one(*other));
  EXPECT_EQ(seen().idle, 2U);  // one each
  EXPECT_EQ(stats->of_worker(0).nodes[0].idle.get(), 1U);
  EXPECT_EQ(stats->shared(0).open.load(), 2U);
  requests.clear();
  other.reset();
}

TEST_F(UpstreamPoolTest, TheQueueIsBounded) {
  options.max_connections = 1;
  options.max_waiting = 1;
  start();
  ask_and_get();
  ask();
  Request& refused = ask();
  ASSERT_TRUE(refused.is_refused());
  EXPECT_EQ(refused.result->error().failure, AcquireFailure::Busy);
  EXPECT_EQ(stats->totals().refused, 1U);
}

TEST_F(UpstreamPoolTest, OneClientTakesNoPlaceOfOthersInTheQueue) {
  options.max_connections = 1;
  options.max_waiting = 3;
  start();
  Request& first = ask_and_get();
  Request& second = ask();
  Request& third = ask();
  Request& last = ask();
  Request& other = ask_from(2);
  EXPECT_TRUE(last.is_refused());
  EXPECT_EQ(last.result->error().failure, AcquireFailure::Busy);
  EXPECT_FALSE(other.result);
  EXPECT_EQ(stats->totals().waiting, 3U);

  first.finish();
  settle();
  EXPECT_TRUE(second.has_lease());
  second.finish();
  settle();
  EXPECT_TRUE(other.has_lease());
  EXPECT_FALSE(third.result);
  other.finish();
  settle();
  EXPECT_TRUE(third.has_lease());
}

TEST_F(UpstreamPoolTest, OneClientLeavesConnectionsToOthers) {
  options.max_connections = 8;
  start();
  for (int i = 0; i < 6; ++i) ask_and_get();
  Request& seventh = ask();
  EXPECT_FALSE(seventh.result);
  EXPECT_EQ(stats->totals().waiting, 1U);
  EXPECT_FALSE(pool->others_wait());  // only itself does
  ask_from(2);
  EXPECT_EQ(seen().in_flight, 7U);
  EXPECT_FALSE(seventh.result);

  requests[0]->finish();
  settle();
  EXPECT_TRUE(seventh.has_lease());
}

TEST_F(UpstreamPoolTest, AClientAtItsShareGoesOnWhenOthersEnd) {
  options.max_connections = 8;
  start();
  Request& other = get(ask_from(2));
  get(ask_from(3));
  for (int i = 0; i < 5; ++i) ask_and_get();
  Request& sixth = ask();
  EXPECT_FALSE(sixth.result);
  other.finish();
  settle();
  EXPECT_TRUE(sixth.has_lease());
}

TEST_F(UpstreamPoolTest, AWaitIsBounded) {
  options.max_connections = 1;
  start();
  ask_and_get();
  Request& waiting = ask();
  tick(options.wait_timeout - 1ms);
  EXPECT_FALSE(waiting.result);
  tick(1ms);
  ASSERT_TRUE(waiting.is_refused());
  EXPECT_EQ(waiting.result->error().failure, AcquireFailure::Busy);
  EXPECT_EQ(stats->totals().waiting, 0U);
}

TEST_F(UpstreamPoolTest, AClientThatLeavesFreesItsPlaceInTheQueue) {
  options.max_connections = 1;
  start();
  Request& first = ask_and_get();
  Request& gone = ask();
  Request& stays = ask();
  gone.peer.send("the beginning of a body");  // must not hide the end after it
  gone.peer.close();
  while (!gone.client.peer_has_closed()) settle();
  tick();
  EXPECT_TRUE(gone.is_refused());
  first.finish();
  settle();
  EXPECT_TRUE(stays.has_lease());
}

TEST_F(UpstreamPoolTest, AConnectionThatCannotBeReusedMakesRoom) {
  options.max_connections = 1;
  start();
  ask_and_get().finish();
  RawConnection old = node.accept();
  EXPECT_FALSE(ask_and_get(ReusePolicy::None).lease().reused());
  old.expect_end();
  EXPECT_EQ(seen().connections, 1U);
}

TEST_F(UpstreamPoolTest, ANodeThatRefusesConnectionsLosesItsKeptOnes) {
  RawListener other;
  options.nodes.push_back(loopback_node(other.port()));
  start();
  Request& a = ask_and_get();
  Request& b = ask_and_get();
  const bool a_is_first = a.lease().node() == 0;
  (a_is_first ? a : b).finish();  // kept
  (a_is_first ? b : a).finish(false);
  node.close();
  Request& next = ask_and_get(ReusePolicy::None);
  Request& after = ask_and_get(ReusePolicy::None);
  EXPECT_EQ(next.lease().node(), 1U);
  EXPECT_EQ(after.lease().node(), 1U);
  EXPECT_EQ(seen(0).state, NodeState::Ejected);
  EXPECT_EQ(seen(0).fault, NodeFault::ConnectRefused);
  EXPECT_EQ(seen(0).ejections, 1U);
  EXPECT_EQ(seen(0).connect_failures, 1U);
  EXPECT_EQ(seen(0).idle, 0U);
}

TEST_F(UpstreamPoolTest, HealthCheckResultsApplyAtTheTick) {
  RawListener other;
  options.nodes.push_back(loopback_node(other.port()));
  start();
  stats->probed(0).health.set({.fault = NodeFault::BadStatus, .since = clock.now().wall});
  tick();
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask_and_get().lease().node(), 1U);
  stats->probed(0).health.set({.since = clock.now().wall});
  tick();
  EXPECT_EQ(ask_and_get().lease().node(), 0U);
}

TEST_F(UpstreamPoolTest, AHealthCheckBringsBackANodeWithoutATrial) {
  node.close();
  start();
  ask_and_get();
  EXPECT_EQ(seen().state, NodeState::Ejected);
  stats->probed(0).successes.add(1);
  tick();
  EXPECT_EQ(seen().state, NodeState::Ejected);
  tick(1s);  // the ejection is over, but there was no check since
  EXPECT_EQ(seen().state, NodeState::Ejected);
  stats->probed(0).successes.add(1);
  tick();
  EXPECT_EQ(seen().state, NodeState::Healthy);
}

TEST_F(UpstreamPoolTest, OneLookUpServesManyConnectionsToAllAddresses) {
  RawListener other;
  options.nodes = {kNamed};
  addresses = {endpoint_of(node), endpoint_of(other)};
  start();
  for (int i = 0; i < 4; ++i) ask_and_get();
  EXPECT_EQ(look_ups, 1);
  for (RawListener* listener : {&node, &other}) {
    listener->accept();
    listener->accept();
    EXPECT_TRUE(listener->nobody_waits());
  }
}

TEST_F(UpstreamPoolTest, IfAnAddressRefusesTheNextOneIsTried) {
  RawListener dead;
  options.nodes = {kNamed};
  addresses = {endpoint_of(dead), endpoint_of(node)};
  dead.close();
  start();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(ask_and_get().has_lease());
  EXPECT_EQ(seen().connect_failures, 0U);
}

TEST_F(UpstreamPoolTest, AMuteAddressOfANameIsLeftOutAndNotTheNode) {
  RawListener mute;  // accepts connections, by its queue, and never responds
  options.nodes = {kNamed};
  addresses = {endpoint_of(mute), endpoint_of(node)};
  start();
  unsigned failed = 0;
  for (unsigned i = 0; i < 12; ++i) {
    Request& request = ask_from(1 + i % 2, ReusePolicy::None);
    const auto end = SteadyClock::now() + kPatience;
    while (!request.result && SteadyClock::now() < end) io->run_one_for(1s);
    ASSERT_TRUE(request.has_lease());
    if (node.nobody_waits()) {
      ++failed;
      request.lease().failed(NodeFault::ResponseTimedOut);
    } else {
      node.accept();
      request.lease().answered();
    }
    request.finish(false);
  }
  EXPECT_EQ(failed, options.eject_after);
  EXPECT_EQ(seen().state, NodeState::Healthy);
  EXPECT_EQ(seen().ejections, 0U);
}

TEST_F(UpstreamPoolTest, IdleConnectionsToABadAddressAreClosed) {
  RawListener other;
  options.nodes = {kNamed};
  addresses = {endpoint_of(other), endpoint_of(node)};
  start();
  Request& first = ask_and_get();
  Request& second = ask_and_get();
  first.finish();
  second.finish();
  RawConnection bad = other.accept();
  EXPECT_EQ(seen().idle, 2U);
  reports->publish(0, {endpoint_of(other)});
  tick();
  bad.expect_end();
  EXPECT_EQ(seen().idle, 1U);
  EXPECT_EQ(seen().bad_addresses, 1U);
  node.accept();
  for (int i = 0; i < 3; ++i) ask_and_get(ReusePolicy::None);
  EXPECT_TRUE(other.nobody_waits());
}

TEST_F(UpstreamPoolTest, ASuspectAddressAsksForAHealthCheck) {
  RawListener other;
  options.nodes = {kNamed};
  options.health_check_path = "/";
  addresses = {endpoint_of(other), endpoint_of(node)};
  start();
  for (unsigned i = 0; i < 2 * options.eject_after - 1; ++i) {
    Request& request = ask_and_get(ReusePolicy::None);
    if (i % 2 == 0) request.lease().failed(NodeFault::Closed);
    EXPECT_EQ(stats->suspicions(0), i + 1 < 2 * options.eject_after - 1 ? 0U : 1U);
    request.finish(false);
  }
  EXPECT_EQ(seen().state, NodeState::Healthy);
}

TEST_F(UpstreamPoolTest, ConnectionsFollowANameToItsNewAddress) {
  RawListener moved;
  options.nodes = {kNamed};
  addresses = {endpoint_of(node)};
  start();
  Request& under_way = ask_and_get();
  ask_and_get().finish();
  RawConnection busy = node.accept();
  RawConnection idle = node.accept();

  addresses = {endpoint_of(moved)};
  tick(options.resolve_interval);  // looks it up
  tick();
  idle.expect_end();
  EXPECT_EQ(seen().connections, 1U);  // what is under way may finish
  under_way.finish();
  tick();
  busy.expect_end();
  EXPECT_FALSE(ask_and_get().lease().reused());
  moved.accept();
}

TEST_F(UpstreamPoolTest, ANameThatNoLongerResolvesKeepsItsAddress) {
  options.nodes = {kNamed};
  addresses = {endpoint_of(node)};
  start();
  ask_and_get().finish();
  addresses = {};
  tick(options.resolve_interval - 1ms);
  ask_and_get().finish();
  tick(1ms);
  tick();
  EXPECT_EQ(look_ups, 2);
  EXPECT_TRUE(ask_and_get().lease().reused());
}

TEST_F(UpstreamPoolTest, ANameServerThatIsSilentIsNamedInTheFault) {
  options.nodes = {kNamed};
  lookup_hangs = true;
  start();
  Request& request = ask();
  tick(options.connect_timeout + 1ms);
  ASSERT_TRUE(request.is_refused());
  EXPECT_EQ(request.result->error().failure, AcquireFailure::NameTimedOut);
  EXPECT_EQ(seen().fault, NodeFault::NameTimedOut);
}

TEST_F(UpstreamPoolTest, ANameThatIsNotFoundEjectsItsNode) {
  options.nodes = {kNamed};
  start();
  Request& request = ask_and_get();
  ASSERT_TRUE(request.is_refused());
  EXPECT_EQ(request.result->error().failure, AcquireFailure::Unreachable);
  EXPECT_EQ(seen().fault, NodeFault::NameNotFound);
}

}  // namespace
}  // namespace osproxy
