// Sends any bytes, in any pieces, over one client connection to a running server with one node.
//
// The requests that the node gets are compared with a model that shares no code with the proxy
// (session_model.h). Each has the method, target and payload of the model's request, is well-formed
// and framed by the proxy, and the node gets no other requests. So one request never becomes two,
// and no byte of a body becomes a head. The server closes or finishes every client connection.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/session_model.h"
#include "osproxy/core/clock.h"
#include "osproxy/observe/upstream_stats.h"
#include "osproxy/proxy/server.h"

namespace {

using osproxy::fuzz::Request;

constexpr int kPatienceMs = 5'000;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "session_fuzz: %s (%s)\n", what, std::strerror(errno));
  std::abort();
}

class NoRecorder final : public osproxy::Recorder {
 public:
  std::uint32_t in_force(const osproxy::DirectiveSet::Pointer&) noexcept override { return 0; }
  void matched(const osproxy::MatchedRequest&) noexcept override {}
  void count(const osproxy::RequestSample&) noexcept override {}
  void record(osproxy::Record, bool) noexcept override {}
  void refuse(std::uint64_t) noexcept override {}
  void count_signed(std::optional<osproxy::SignedFault>) noexcept override {}
};

/// A non-blocking socket that is reset at its end, so that no port stays in TIME_WAIT.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {
    require(fd_ >= 0, "there is a socket");
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    const int on = 1;  // a small piece must not wait until the one before is acknowledged
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Peer() {
    if (fd_ >= 0) ::close(fd_);
  }
  Peer(Peer&& other) noexcept
      : received(std::move(other.received)),
        ended(other.ended),
        fd_(std::exchange(other.fd_, -1)) {}
  Peer& operator=(Peer&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(received, other.received);
    std::swap(ended, other.ended);
    return *this;
  }

  int fd() const noexcept { return fd_; }

  void receive() {
    std::array<char, 64 * 1024> bytes;
    while (!ended) {
      const auto got = ::recv(fd_, bytes.data(), bytes.size(), 0);
      if (got > 0) received.append(bytes.data(), static_cast<std::size_t>(got));
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
      ended = got <= 0;
    }
  }

  void send(std::string_view bytes) const {
    (void)::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  std::string received;
  bool ended = false;

 private:
  int fd_;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/// A node that responds to every whole request at once, and keeps the requests.
class Upstream {
 public:
  Upstream() : listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    require(::bind(listener_.fd(), any, size) == 0 && ::listen(listener_.fd(), 64) == 0 &&
                ::getsockname(listener_.fd(), any, &size) == 0,
            "the upstream listens");
    port_ = ntohs(address.sin_port);
  }

  std::uint16_t port() const noexcept { return port_; }

  void add_to(std::vector<pollfd>& waiting) const {
    waiting.push_back({.fd = listener_.fd(), .events = POLLIN, .revents = 0});
    for (const Peer& peer : peers_) {
      waiting.push_back({.fd = peer.fd(), .events = POLLIN, .revents = 0});
    }
  }

  void serve() {
    for (int fd = 0; (fd = ::accept(listener_.fd(), nullptr, nullptr)) >= 0;) {
      peers_.emplace_back(fd);
    }
    for (Peer& peer : peers_) {
      peer.receive();
      while (auto request = osproxy::fuzz::read_request(peer.received)) {
        if (!request->whole) break;
        peer.received.erase(0, request->size);
        peer.send(request->method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
                                            : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        seen_.push_back(*std::move(request));
      }
      require(!peer.received.contains("\r\n\r\n") ||
                  osproxy::fuzz::read_request(peer.received).has_value(),
              "what passes is well-formed");
    }
    std::erase_if(peers_, [this](const Peer& peer) {
      if (!peer.ended) return false;
      if (!peer.received.empty()) truncated_.push_back(peer.received);
      return true;
    });
  }

  /// Whether no connection has a part of a request.
  bool is_settled() const {
    return std::all_of(peers_.begin(), peers_.end(),
                       [](const Peer& peer) { return peer.received.empty(); });
  }

  std::vector<Request> take_seen() { return std::exchange(seen_, {}); }
  std::vector<std::string> take_truncated() { return std::exchange(truncated_, {}); }

 private:
  Peer listener_;
  std::uint16_t port_ = 0;
  std::vector<Peer> peers_;
  std::vector<Request> seen_;
  std::vector<std::string> truncated_;
};

/// One server for all inputs, whose threads live as long as the process.
class World {
 public:
  World() {
    osproxy::ServerOptions options;
    options.upstream.nodes = {{.address = {.host = "127.0.0.1", .port = upstream.port()}}};
    auto started = osproxy::Server::start(
        std::move(options), directives_,
        [this](std::size_t) -> osproxy::Recorder& { return recorder_; }, clock_, board_);
    require(started.has_value(), "the server starts");
    server_ = *std::move(started);
  }

  /// Connects from a new address each time: a client that half-closes leaves its port in TIME_WAIT.
  Peer connect() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in own = loopback(0);
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK + ++clients_ % 0xff'0000);
    const sockaddr_in address = loopback(server_->address().port);
    require(::bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0, "an address");
    while (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      if (errno == EISCONN) break;  // it completed while the fuzzer's timer interrupted the call
      require(errno == EINTR || errno == EALREADY, "the server accepts connections");
    }
    return Peer(fd);
  }

  Upstream upstream;

 private:
  std::uint32_t clients_ = 0;
  NoRecorder recorder_;
  osproxy::SystemClock clock_;
  osproxy::UpstreamStats board_{{"upstream"}, 1, clock_.now().wall};
  osproxy::SnapshotCell<osproxy::DirectiveSet> directives_{osproxy::DirectiveSet::empty_set()};
  std::unique_ptr<osproxy::Server> server_;
};

/// Waits until `done`; the node responds meanwhile.
template <class Done>
void await(Upstream& upstream, Peer& client, const char* what, Done&& done) {
  while (true) {
    upstream.serve();
    client.receive();
    if (done()) return;
    std::vector<pollfd> waiting;
    if (!client.ended) waiting.push_back({.fd = client.fd(), .events = POLLIN, .revents = 0});
    upstream.add_to(waiting);
    const int ready = ::poll(waiting.data(), waiting.size(), kPatienceMs);
    require(ready > 0 || (ready < 0 && errno == EINTR), what);  // the fuzzer has a timer
  }
}

void send_in_pieces(Upstream& upstream, Peer& client, std::string_view bytes, std::uint32_t seed) {
  const std::size_t longest = seed % 4 == 0 ? 4 : seed % 4 == 1 ? 40 : bytes.size() + 1;
  while (!bytes.empty()) {
    seed = seed * 1664525 + 1013904223;
    const std::string_view piece = bytes.substr(0, (seed >> 8) % longest + 1);
    client.send(piece);
    bytes.remove_prefix(piece.size());
    if (longest <= 40) upstream.serve();  // so that responses come between the pieces
  }
  ::shutdown(client.fd(), SHUT_WR);
}

void check_reframed(const Request& request) {
  for (const char* name :
       {"connection", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings"}) {
    require(request.values(name).empty(), "hop-by-hop fields end at the proxy");
  }
  require(request.values("host").size() == 1, "there is one Host");
}

void check_same(const Request& seen, const Request& sent) {
  require(seen.method == sent.method, "the method is the client's");
  require(seen.target == sent.target || seen.target == "/" + sent.target,
          "the target is the client's, byte for byte, or gets its first slash");
  require(seen.chunked == sent.chunked, "the framing is of the same kind");
  check_reframed(seen);
  // No directive selects a request here.
  require(seen.values("x-request-id") == sent.values("x-request-id"), "the request id is kept");
  require(seen.values("x-opaque-id") == sent.values("x-opaque-id"), "the opaque id is kept");
}

void check_all(const std::vector<Request>& seen, const std::vector<std::string>& truncated,
               const std::vector<Request>& sent) {
  require(seen.size() + truncated.size() <= sent.size(), "no more requests pass than were sent");
  for (std::size_t i = 0; i < seen.size(); ++i) {
    check_same(seen[i], sent[i]);
    require(sent[i].whole && seen[i].payload == sent[i].payload, "the payload is the client's");
  }
  require(truncated.size() <= 1, "no request passes after a truncated one");
  if (truncated.empty()) return;
  const auto part = osproxy::fuzz::read_request(truncated[0]);
  if (!part) return;  // its head is incomplete
  const Request& whole = sent[seen.size()];
  check_same(*part, whole);
  require(whole.payload.starts_with(part->payload), "a part of the payload is the client's");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World& world = *new World;  // never destroyed, because its threads run until exit
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::uint32_t hash = 2166136261U;  // chooses the pieces, so that an input holds only HTTP
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;

  Peer client = world.connect();
  send_in_pieces(world.upstream, client, bytes, hash);
  await(world.upstream, client, "the client is let go", [&] { return client.ended; });
  await(world.upstream, client, "a connection with half a request is not used again",
        [&] { return world.upstream.is_settled(); });
  require(client.received.empty() || client.received.starts_with("HTTP/1.1 "),
          "the client gets responses");
  check_all(world.upstream.take_seen(), world.upstream.take_truncated(),
            osproxy::fuzz::read_requests(bytes));
  return 0;
}
