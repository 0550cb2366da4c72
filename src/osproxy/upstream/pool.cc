#include "osproxy/upstream/pool.h"

#include <algorithm>
#include <utility>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// Servers close an idle connection after five seconds at the earliest (Node.js, Apache): one that
/// was used within this time is not being closed while it is used again.
constexpr auto kRecent = 4s;

/// One worker's share of a total.
std::size_t share(std::size_t total, unsigned workers) { return (total + workers - 1) / workers; }

AcquireFailure failure_of(NodeFault fault) noexcept {
  if (fault == NodeFault::ConnectTimedOut) return AcquireFailure::TimedOut;
  if (fault == NodeFault::NameTimedOut) return AcquireFailure::NameTimedOut;
  return fault == NodeFault::TlsFailed ? AcquireFailure::Tls : AcquireFailure::Unreachable;
}

}  // namespace

struct UpstreamPool::Node {
  struct Idle {
    std::unique_ptr<UpstreamConnection> connection;
    ConnectionPlace place;
    SteadyClock::time_point since;
  };

  const std::size_t place;
  const std::string name;
  NodeCounters& counters;
  SharedConnections& shared;
  UpstreamConnector connector;
  SnapshotReader<AddressBook::Addresses> failing;  // addresses, say health checks
  std::size_t held = 0;                            // places of this worker
  bool hungry = false;                             // counted in `shared`
  std::vector<Idle> idle{};                        // the most recently used last
  std::uint64_t probe_successes = 0;               // as of the last tick
  std::uint64_t probe_failures = 0;                // likewise
};

/// A request in the queue. Lives in the frame of wait().
struct UpstreamPool::Waiter : FairQueue::Entry {
  Waiter(UpstreamPool& owner, const AcquireRequest& asked)
      : pool(owner),
        request(asked),
        wakeup(owner.network_.executor),
        until(
            std::min(owner.network_.deadlines.now() + owner.options_.wait_timeout, asked.latest)) {}
  ~Waiter() {
    leave();
    pool.show_waiting();
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  static Waiter& of(FairQueue::Entry& entry) noexcept { return static_cast<Waiter&>(entry); }

  UpstreamPool& pool;
  const AcquireRequest& request;
  Wakeup wakeup;
  const SteadyClock::time_point until;
  std::optional<Lease> granted;  // still empty when it wakes up: it has given up
};

UpstreamPool::Lease::Lease(UpstreamPool& pool, const UpstreamBalancer::Choice& choice,
                           ClientKey client_key)
    : pool_(&pool), client_key_(client_key), choice_(choice) {
  pool.balancer_.start(choice);
  pool.shares_.add({.node = choice.node, .client = client_key});
  pool.show(*pool.nodes_[choice.node]);
}

UpstreamPool::Lease::Lease(Lease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)),
      client_key_(other.client_key_),
      choice_(other.choice_),
      place_(std::move(other.place_)),
      connection_(std::move(other.connection_)),
      reused_(other.reused_),
      keep_(other.keep_) {}

UpstreamPool::Lease::~Lease() { release(); }

void UpstreamPool::Lease::release() noexcept {
  if (UpstreamPool* const pool = std::exchange(pool_, nullptr)) pool->finish(*this);
  connection_.reset();
}

const std::string& UpstreamPool::Lease::name() const noexcept {
  return pool_->nodes_[choice_.node]->name;
}

void UpstreamPool::Lease::answered() {
  pool_->nodes_[choice_.node]->connector.responded(*connection_);
  pool_->balancer_.answered(choice_, pool_->network_.deadlines.now());
  pool_->show(*pool_->nodes_[choice_.node]);
}

void UpstreamPool::Lease::failed(NodeFault fault) {
  if (pool_->is_of_address(*this)) return;
  Node& node = *pool_->nodes_[choice_.node];
  switch (pool_->balancer_.failed(choice_.node, {.fault = fault, .client = client_key_},
                                  pool_->network_.deadlines.now())) {
    case FailureEffect::None:
      break;
    case FailureEffect::Suspected:
      node.counters.suspicions.add(1);
      break;
    case FailureEffect::Ejected:
      pool_->ejected(node);
      break;
  }
}

void UpstreamPool::Lease::retried() { pool_->nodes_[choice_.node]->counters.retries.add(1); }

UpstreamPool::UpstreamPool(const UpstreamOptions& options, UpstreamConnector::Dependencies network,
                           Dependencies dependencies)
    : options_(options),
      network_(std::move(network)),
      dependencies_(dependencies),
      worker_stats_(dependencies.stats.of_worker(dependencies.worker)),
      balancer_({.max_requests = options.max_connections,
                 .eject_after = options.eject_after,
                 .has_checks = !options.health_check_path.empty()},
                options.nodes.size()),
      shares_(options.workers),
      waiting_(share(options.max_waiting, options.workers)) {
  for (std::size_t i = 0; i < options.nodes.size(); ++i) {
    const Origin& node = options.nodes[i];
    nodes_.emplace_back(new Node{.place = i,
                                 .name = node.address.to_string(),
                                 .counters = worker_stats_.nodes[i],
                                 .shared = dependencies.stats.shared(i),
                                 .connector = {options, node, network_},
                                 .failing = SnapshotReader(dependencies.reports.of(i))});
  }
}

UpstreamPool::~UpstreamPool() {
  for (const auto& node : nodes_) set_full(*node, false);
}

std::optional<UpstreamPool::Lease> UpstreamPool::acquire_now(AcquireRequest& request) {
  const auto choice = choose(request.tried, request.client_key);
  std::optional<Lease> lease;
  if (choice.kind == UpstreamBalancer::Choice::Kind::Node) {
    std::optional<ConnectionPlace> place;
    if (auto connection = take_idle(*nodes_[choice.node], request.reuse, place)) {
      lease.emplace(*this, choice, request.client_key);
      lease->connection_ = std::move(connection);
      lease->place_ = std::move(place);
      lease->reused_ = true;
      return lease;
    }
  }
  request.choice = choice;
  return lease;
}

Task<std::expected<UpstreamPool::Lease, AcquireFault>> UpstreamPool::acquire(
    AcquireRequest& request) {
  AcquireFault failure{AcquireFailure::Unreachable};
  while (network_.deadlines.now() < request.latest) {
    const auto choice = request.choice ? *std::exchange(request.choice, std::nullopt)
                                       : choose(request.tried, request.client_key);
    if (choice.kind == UpstreamBalancer::Choice::Kind::None) co_return std::unexpected(failure);
    std::optional<Lease> lease;
    if (choice.kind == UpstreamBalancer::Choice::Kind::Node) {
      if (!begin(choice, request, lease)) continue;  // the node counts as full now
    } else {
      auto waited = co_await wait(request);
      if (!waited) co_return std::unexpected(waited.error());
      lease.emplace(*std::move(waited));
    }
    Node& node = *nodes_[lease->node()];
    if (lease->reused_) co_return *std::move(lease);
    const ConnectError error = co_await connect(*lease, request);
    if (error.fault == NodeFault::None) co_return *std::move(lease);
    failure = {error.is_local ? AcquireFailure::Busy : failure_of(error.fault), error.tls};
    request.tried.add(node.place);
  }
  co_return std::unexpected(AcquireFault{AcquireFailure::TimedOut});
}

/// Of the nodes at which the client has its share, none is chosen.
UpstreamBalancer::Choice UpstreamPool::choose(const TriedNodes& tried, ClientKey client) {
  const auto now = network_.deadlines.now();
  const auto choice = balancer_.choose(tried, now);
  const auto is_allowed = [&](std::size_t node) {
    return has_share_left({.node = node, .client = client});
  };
  if (choice.kind != UpstreamBalancer::Choice::Kind::Node || is_allowed(choice.node)) return choice;
  return balancer_.choose_among(tried, now, is_allowed);
}

bool UpstreamPool::has_free_node(const TriedNodes& tried) noexcept {
  return balancer_.choose(tried, network_.deadlines.now()).kind ==
         UpstreamBalancer::Choice::Kind::Node;
}

bool UpstreamPool::has_other(const TriedNodes& tried) noexcept {
  return balancer_.choose(tried, network_.deadlines.now()).kind !=
         UpstreamBalancer::Choice::Kind::None;
}

/// Opens the lease's connection. NodeFault::None: it is open.
Task<ConnectError> UpstreamPool::connect(Lease& lease, const AcquireRequest& request) {
  Node& node = *nodes_[lease.node()];
  show(node);
  request.stages.enter(Stage::Connect);
  auto connected =
      co_await node.connector.connect(options_.connect_timeout, request.latest, &request.stages);
  if (connected) {
    lease.connection_ = *std::move(connected);
    co_return ConnectError{NodeFault::None};
  }
  node.counters.connect_failures.add(1);
  // A node is not to blame if it was given less time than its timeout, nor if osproxy had no
  // descriptor or port for it.
  if (network_.deadlines.now() < request.latest && !connected.error().is_local &&
      balancer_.connect_failed(node.place, connected.error().fault, network_.deadlines.now())) {
    ejected(node);
  }
  co_return connected.error();
}

Task<std::expected<UpstreamPool::Lease, AcquireFault>> UpstreamPool::wait(
    const AcquireRequest& request) {
  Waiter waiter(*this, request);
  const auto admission = waiting_.push(waiter, request.client_key);
  if (admission.displaced != nullptr) Waiter::of(*admission.displaced).wakeup.wake();
  if (admission.is_admitted) {
    show_waiting();
    co_await waiter.wakeup.sleep();
    if (waiter.granted) co_return *std::move(waiter.granted);
  }
  worker_stats_.refused.add(1);
  co_return std::unexpected(AcquireFault{AcquireFailure::Busy});
}

/// Gives free places to the requests that wait, by turns of their clients.
void UpstreamPool::grant() {
  waiting_.serve([this](FairQueue::Entry& entry) {
    Waiter& waiter = Waiter::of(entry);
    const TriedNodes& tried = waiter.request.tried;
    // If no node suits a request that has tried none, no node suits any.
    const auto nothing = tried.empty() ? FairQueue::Offer::Over : FairQueue::Offer::Declined;
    while (true) {
      const auto choice = choose(tried, waiter.request.client_key);
      if (choice.kind != UpstreamBalancer::Choice::Kind::Node) {
        return has_free_node(tried) ? FairQueue::Offer::PartyDeclined : nothing;
      }
      if (!begin(choice, waiter.request, waiter.granted)) continue;  // it counts as full now
      nodes_[choice.node]->counters.waits.add(1);
      waiter.wakeup.wake();
      return FairQueue::Offer::Taken;
    }
  });
  show_waiting();
}

/// Ends the waits that were too long, or whose client has left.
void UpstreamPool::end_waits() {
  waiting_.remove_if([this](FairQueue::Entry& entry) {
    Waiter& waiter = Waiter::of(entry);
    // A client that has only closed its half gets a response too: it cannot be told from one that
    // has gone.
    if (network_.deadlines.now() < waiter.until && !waiter.request.client.peer_has_closed()) {
      return false;
    }
    waiter.wakeup.wake();
    return true;
  });
  show_waiting();
}

void UpstreamPool::show_waiting() noexcept {
  others_wait_ = !waiting_.empty() && is_scarce();
  worker_stats_.waiting.set(waiting_.size());
}

/// Makes a lease with a pooled connection, or with a place for a new one. False: there is neither,
/// and the node counts as full.
bool UpstreamPool::begin(const UpstreamBalancer::Choice& choice, const AcquireRequest& request,
                         std::optional<Lease>& lease) {
  Node& node = *nodes_[choice.node];
  std::optional<ConnectionPlace> place;
  auto connection = take_idle(node, request.reuse, place);
  if (!connection) place = take_place(node);
  if (!place) {
    set_full(node, true);
    return false;
  }
  lease.emplace(*this, choice, request.client_key);
  lease->reused_ = connection != nullptr;
  lease->connection_ = std::move(connection);
  lease->place_ = std::move(place);
  return true;
}

/// A free place, or that of an idle connection.
std::optional<ConnectionPlace> UpstreamPool::take_place(Node& node) noexcept {
  auto place =
      ConnectionPlace::take(node.shared, {.most = options_.max_connections, .held = node.held});
  if (!place && !node.idle.empty()) {
    place.emplace(std::move(node.idle.front().place));
    node.idle.erase(node.idle.begin());
  }
  return place;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::take_idle(
    Node& node, ReusePolicy reuse, std::optional<ConnectionPlace>& place) noexcept {
  const auto oldest = reuse == ReusePolicy::Recent ? network_.deadlines.now() - kRecent
                                                   : SteadyClock::time_point::min();
  while (reuse != ReusePolicy::None && !node.idle.empty() && node.idle.back().since >= oldest) {
    Node::Idle idle = std::move(node.idle.back());
    node.idle.pop_back();
    show(node);
    // Checked for each request: unsolicited bytes of a node must not answer the next request.
    if (!idle.connection->is_quiet()) continue;
    place.emplace(std::move(idle.place));
    return std::move(idle.connection);
  }
  return nullptr;
}

/// True if another worker needs a connection, and this one has more than its share.
bool UpstreamPool::owes_one(const Node& node) const noexcept {
  return node.shared.hungry.load(std::memory_order_relaxed) > 0 &&
         node.held > options_.max_connections / options_.workers;
}

/// False: the client has its share of the connections to the node.
bool UpstreamPool::has_share_left(const ClientShares::Share& share) const noexcept {
  const auto unused = [this](std::size_t used) {
    return options_.max_connections - std::min(used, options_.max_connections);
  };
  // No more are in use than are open, which is a single look.
  const std::size_t open = nodes_[share.node]->shared.open.load(std::memory_order_relaxed);
  return shares_.allow_one_more(share, unused(open)) ||
         shares_.allow_one_more(share, unused(dependencies_.stats.in_flight(share.node)));
}

/// True if more than three quarters of the connections are in use. One client alone has no more,
/// and then waits for nobody but itself.
bool UpstreamPool::is_scarce() noexcept {
  const auto choice = balancer_.choose({}, network_.deadlines.now());
  return choice.kind != UpstreamBalancer::Choice::Kind::Node ||
         4 * dependencies_.stats.in_flight(choice.node) > 3 * options_.max_connections;
}

/// Until the next tick, or until a request there ends. A worker that has less than its share then
/// gets connections of others.
void UpstreamPool::set_full(Node& node, bool full) noexcept {
  balancer_.set_full(node.place, full);
  const std::size_t fair = std::max<std::size_t>(options_.max_connections / options_.workers, 1);
  const bool hungry = full && node.held < fair;
  if (std::exchange(node.hungry, hungry) == hungry) return;
  if (hungry) node.shared.hungry.fetch_add(1, std::memory_order_relaxed);
  if (!hungry) node.shared.hungry.fetch_sub(1, std::memory_order_relaxed);
}

void UpstreamPool::finish(Lease& lease) {
  Node& node = *nodes_[lease.node()];
  balancer_.finish(lease.choice_);
  shares_.remove({.node = lease.node(), .client = lease.client_key_});
  const bool owes = lease.place_ && owes_one(node);
  if (lease.keep_ && !draining_ && !owes) {
    lease.connection_->input().release_if_empty();
    lease.connection_->read_deadline().clear();  // the end of an upload may have set it
    node.idle.push_back({.connection = std::move(lease.connection_),
                         .place = *std::move(lease.place_),
                         .since = network_.deadlines.now()});
  }
  lease.connection_.reset();  // before its place is free
  lease.place_.reset();
  // A place that is owed must not be taken again at once by a request that waits here.
  if (owes || balancer_.is_set_full(node.place)) set_full(node, owes);
  show(node);
  if (!waiting_.empty()) grant();
}

void UpstreamPool::tick() {
  for (const auto& node : nodes_) {
    take_over_health(*node);
    node->connector.refresh();
    node->counters.bad_addresses.set(node->connector.bad_addresses());
    close_idle(*node);
    set_full(*node, false);
    show(*node);
  }
  end_waits();
  grant();
}

/// Applies the results of the health checks to the balancer.
void UpstreamPool::take_over_health(Node& node) {
  const ProbedNode& probed = dependencies_.stats.probed(node.place);
  const bool healthy = probed.health.get().is_healthy();
  balancer_.probed(node.place, healthy, network_.deadlines.now());
  if (!healthy) node.idle.clear();
  node.connector.probed(*node.failing.load());
  const auto is_new = [](const SingleWriterCounter& counter, std::uint64_t& seen) {
    const std::uint64_t count = counter.get();
    return count != std::exchange(seen, count);
  };
  const bool succeeded = is_new(probed.successes, node.probe_successes);
  const bool failed = is_new(probed.failures, node.probe_failures);
  if (!succeeded && !failed) return;
  // Of both since the last tick, the failure counts: it is what was suspected.
  if (balancer_.checked(node.place, !failed, network_.deadlines.now())) ejected(node);
}

/// Closes connections that were idle for too long, and those to an address that the name has lost
/// or that is bad.
void UpstreamPool::close_idle(Node& node) {
  const auto oldest = network_.deadlines.now() - options_.idle_timeout;
  std::erase_if(node.idle, [&](const Node::Idle& idle) {
    return idle.since < oldest || !node.connector.is_current(*idle.connection);
  });
  while (!node.idle.empty() && owes_one(node)) node.idle.erase(node.idle.begin());
}

void UpstreamPool::drain() {
  draining_ = true;
  for (const auto& node : nodes_) {
    node->idle.clear();
    show(*node);
  }
}

/// Counts a failed request against the address of its connection. False: it counts against the
/// node, because no other address is good.
bool UpstreamPool::is_of_address(Lease& lease) {
  Node& node = *nodes_[lease.node()];
  switch (node.connector.request_failed(*lease.connection_, lease.client_key_)) {
    case AddressEffect::NodeIsToBlame:
      return false;
    case AddressEffect::Counted:
      return true;
    case AddressEffect::Suspected:
      node.counters.suspicions.add(1);
      return true;
    case AddressEffect::Muted:
      close_idle(node);
      return true;
  }
  std::unreachable();
}

void UpstreamPool::ejected(Node& node) {
  node.counters.ejections.add(1);
  node.idle.clear();  // no better than the one that failed: a silent node would hold requests
  show(node);
}

/// Brings the stats up to date.
void UpstreamPool::show(Node& node) {
  const std::size_t in_flight = balancer_.in_flight(node.place);
  node.counters.in_flight.set(in_flight);
  node.counters.idle.set(node.idle.size());
  node.counters.connections.set(in_flight + node.idle.size());
  const NodeFault fault = balancer_.ejection(node.place);
  if (node.counters.ejection.get().fault == fault) return;
  node.counters.ejection.change(fault, dependencies_.clock.now().wall);
}

}  // namespace osproxy
