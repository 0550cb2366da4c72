#include "osproxy/http/upstream_pool.h"

#include <algorithm>
#include <utility>

namespace osproxy::http {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

constexpr std::chrono::milliseconds kFirstEjection = 1s;
constexpr std::chrono::milliseconds kLastEjection = 30s;

}  // namespace

struct UpstreamPool::Node {
  struct Idle {
    std::unique_ptr<Connection> connection;
    SteadyClock::time_point since;
  };

  HostPort address;
  std::string name;
  std::shared_ptr<TlsResumption> resumption;  // null: without TLS
  std::size_t max_idle = 0;
  const Deadlines* deadlines = nullptr;

  std::size_t in_flight = 0;
  std::vector<Idle> idle;  // the most recently used last
  std::chrono::milliseconds ejection = kFirstEjection;
  SteadyClock::time_point ejected_until{};
};

UpstreamPool::Lease::Lease(Node& node, std::unique_ptr<Connection> connection, bool reused)
    : node_(&node), connection_(std::move(connection)), reused_(reused) {
  ++node_->in_flight;
}

UpstreamPool::Lease::Lease(Lease&& other) noexcept
    : node_(std::exchange(other.node_, nullptr)),
      connection_(std::move(other.connection_)),
      reused_(other.reused_),
      keep_(other.keep_) {}

UpstreamPool::Lease::~Lease() {
  if (node_ == nullptr) return;
  --node_->in_flight;
  if (!keep_ || node_->idle.size() >= node_->max_idle) return;
  connection_->input().release_if_empty();
  node_->idle.push_back({std::move(connection_), node_->deadlines->now()});
}

const std::string& UpstreamPool::Lease::node() const noexcept { return node_->name; }

UpstreamPool::UpstreamPool(const ServerOptions& options, Executor executor, Uses uses)
    : options_(options), executor_(std::move(executor)), uses_(uses) {
  for (const auto& [tls, address] : options.upstreams) {
    nodes_.push_back(std::make_unique<Node>());
    Node& node = *nodes_.back();
    node.address = address;
    node.name = address.to_string();
    node.max_idle = options.max_idle_upstream;
    node.deadlines = &uses.deadlines;
    if (tls) node.resumption = std::make_shared<TlsResumption>();
  }
}

UpstreamPool::~UpstreamPool() = default;

Task<std::expected<UpstreamPool::Lease, ConnectFault>> UpstreamPool::acquire(Reuse reuse) {
  ++turn_;
  std::vector<const Node*> failed;  // allocates only when one has
  ConnectFault fault{ConnectFailure::Unreachable};
  while (Node* const node = choose(failed)) {
    if (reuse == Reuse::Allowed) {
      if (auto idle = take_idle(*node)) co_return Lease(*node, std::move(idle), true);
    }
    auto connected = co_await connect(*node);
    if (connected) {
      node->ejection = kFirstEjection;
      node->ejected_until = {};
      co_return Lease(*node, *std::move(connected), false);
    }
    node->ejected_until = uses_.deadlines.now() + node->ejection;
    node->ejection = std::min(2 * node->ejection, kLastEjection);
    fault = connected.error();
    failed.push_back(node);
  }
  co_return std::unexpected(fault);
}

/// The best node that has not `failed`: not ejected before ejected, then the one with the fewest
/// requests in flight, then each in its turn; nullptr if there is none left.
UpstreamPool::Node* UpstreamPool::choose(std::span<const Node* const> failed) noexcept {
  Node* best = nullptr;
  const auto rank = [&](const Node& node) {
    return std::pair(node.ejected_until > uses_.deadlines.now(), node.in_flight);
  };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = *nodes_[(turn_ + i) % nodes_.size()];
    if (std::ranges::find(failed, &node) != failed.end()) continue;
    if (best == nullptr || rank(node) < rank(*best)) best = &node;
  }
  return best;
}

std::unique_ptr<Connection> UpstreamPool::take_idle(Node& node) noexcept {
  while (!node.idle.empty()) {
    auto connection = std::move(node.idle.back().connection);
    node.idle.pop_back();
    if (connection->is_quiet()) return connection;
  }
  return nullptr;
}

/// The addresses of `host`. A literal one is not looked up: the resolver has a thread of its own.
Task<std::vector<tcp::endpoint>> UpstreamPool::resolve(Resolver& resolver,
                                                       const HostPort& address) {
  error_code error;
  if (const auto literal = asio::ip::make_address(address.host, error); !error) {
    co_return std::vector{tcp::endpoint(literal, address.port)};
  }
  const auto [failed, results] = co_await resolver.async_resolve(
      address.host, std::to_string(address.port), tcp::resolver::numeric_service, kAsTask);
  std::vector<tcp::endpoint> endpoints;
  if (!failed) endpoints.assign(results.begin(), results.end());
  co_return endpoints;
}

Task<std::expected<std::unique_ptr<Connection>, ConnectFault>> UpstreamPool::connect(Node& node) {
  Resolver resolver(executor_);
  auto connection = std::make_unique<Connection>(Socket(executor_), uses_.deadlines);
  Socket& socket = connection->socket();
  Deadline deadline(uses_.deadlines, [&] {
    resolver.cancel();
    connection->cancel();
  });
  deadline.expire_after(options_.connect_timeout);

  for (const tcp::endpoint& endpoint : co_await resolve(resolver, node.address)) {
    if (deadline.expired()) break;
    error_code ignored;
    socket.close(ignored);
    const auto [failed] = co_await socket.async_connect(endpoint, kAsTask);
    if (failed) continue;
    socket.set_option(tcp::no_delay(true), ignored);
    deadline.clear();
    if (const auto failed_tls = co_await secure(node, *connection)) {
      co_return std::unexpected(ConnectFault{ConnectFailure::Tls, *failed_tls});
    }
    co_return connection;
  }
  co_return std::unexpected(
      ConnectFault{deadline.expired() ? ConnectFailure::TimedOut : ConnectFailure::Unreachable});
}

/// The handshake with a node that is reached by https.
Task<std::optional<TlsFailure>> UpstreamPool::secure(Node& node, Connection& connection) {
  if (!node.resumption) co_return std::nullopt;
  TlsSession session = uses_.contexts.load()->upstream->connect(node.address.host, node.resumption);
  co_return co_await connection.secure(std::move(session), uses_.tls, options_.handshake_timeout);
}

void UpstreamPool::close_idle() {
  const auto oldest = uses_.deadlines.now() - options_.upstream_idle_timeout;
  for (const auto& node : nodes_) {
    std::erase_if(node->idle, [&](const Node::Idle& idle) { return idle.since < oldest; });
  }
}

void UpstreamPool::drain() {
  for (const auto& node : nodes_) {
    node->idle.clear();
    node->max_idle = 0;
  }
}

}  // namespace osproxy::http
