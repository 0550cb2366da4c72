// One connection, to a client or to a node: a socket with or without TLS, the received bytes that
// are not consumed yet, and a deadline each for reading and writing.
//
// All modules above read and write through here, and see of TLS only who is at the other end.
// Without TLS, that costs a pointer and a branch.
//
// Belongs to its worker. No operation throws; an error is a value, and `timed_out()` tells a
// deadline from a broken connection. At most one read and one write at a time.
//
// A write begins with write_now(), which suffices for most requests: a coroutine costs more than
// the system call that it makes. A read after one that took everything waits at once (readiness.h),
// and holds no buffer while it waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "osproxy/core/tcp_state.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/net/input_buffer.h"
#include "osproxy/net/readiness.h"
#include "osproxy/net/tls_stream.h"

namespace osproxy {

class Connection {
 public:
  Connection(Socket socket, Deadlines& deadlines);

  /// Makes the TLS handshake, once, before anything else. nullopt: it succeeded within `timeout`;
  /// else it failed, and the connection is without TLS from now on.
  Task<std::optional<TlsFailure>> secure(TlsSession session, TlsWorker& worker,
                                         std::chrono::milliseconds timeout);

  bool is_secure() const noexcept { return tls_ != nullptr; }

  /// The principal of the other side's verified certificate; empty if there is none.
  std::string_view principal() const noexcept {
    return tls_ ? std::string_view(tls_->principal()) : std::string_view{};
  }

  /// Why TLS ended, if it did.
  std::optional<TlsFailure> tls_failure() const noexcept;

  /// Reads once into input(): more than zero bytes, or an error. The end of the stream is
  /// asio::error::eof; with TLS only if the other side has said so (RFC 9112, section 9.8).
  Task<error_code> read(std::chrono::milliseconds timeout);

  /// The same for the request path, where one more coroutine would cost as much as the read:
  ///
  ///   error_code error = connection.begin_read(timeout);
  ///   while (error == asio::error::would_block) {
  ///     const auto [ended] = co_await connection.until_readable();
  ///     error = connection.go_on_reading(ended);
  ///   }
  error_code begin_read(std::chrono::milliseconds timeout);
  auto until_readable() { return socket_.async_until_readable(kInFrame); }
  error_code go_on_reading(error_code ended);

  /// The end of the stream may be next: the next read finds it at once, even if it came with the
  /// last bytes. Without this call, a tick finds it (readiness.h).
  void expect_end() noexcept { socket_.assume_nothing(); }

  /// Reads once into `room` instead of input(). 0: `error` says why.
  Task<std::size_t> read_into(std::span<char> room, std::chrono::milliseconds timeout,
                              error_code& error);

  /// Writes `parts`, in one system call if the kernel takes it.
  Task<error_code> write(std::span<asio::const_buffer> parts, std::chrono::milliseconds timeout);
  Task<error_code> write(std::string_view bytes, std::chrono::milliseconds timeout);

  /// Writes what the kernel takes at once, and cuts it off the front of `parts`. would_block:
  /// something is left.
  error_code write_now(std::span<asio::const_buffer> parts);

  /// True if the other side has neither closed nor sent anything: the idle connection can be used.
  bool is_quiet() noexcept;

  /// True if the other side has closed the connection, or its half of it, even if unread input
  /// comes before that.
  bool peer_has_closed() const noexcept { return peer_state() != PeerState::Open; }
  PeerState peer_state() const noexcept;

  /// A deadline ended the last operation.
  bool timed_out() const noexcept { return read_deadline_.expired() || write_deadline_.expired(); }

  /// Ends the operations under way with an error.
  void cancel() noexcept;

  /// How long close_gracefully() waits for the other side.
  struct Linger {
    std::chrono::milliseconds idle;   ///< for each piece of its input
    std::chrono::milliseconds total;  ///< in all
  };
  /// For a side that has nothing more to say.
  static constexpr Linger kLingerForEnd{.idle = std::chrono::seconds(2),
                                        .total = std::chrono::seconds(2)};
  /// For one in the middle of a body: many clients read the response only after its end, and one
  /// that still sends takes a reset for the outcome. The times are nginx's lingering_timeout and
  /// lingering_time.
  static constexpr Linger kLingerForBody{.idle = std::chrono::seconds(5),
                                         .total = std::chrono::seconds(30)};

  /// Sends what is written, then discards input until the other side closes, or the time is over:
  /// closing with unread input would reset the connection and could destroy the response (RFC 9112,
  /// section 9.6).
  Task<> close_gracefully(Linger linger = kLingerForEnd);

  /// With TLS, tells the other side that nothing more will come, so that the end is no truncation.
  void end_stream() noexcept;

  InputBuffer& input() noexcept { return input_; }
  Socket& socket() noexcept { return socket_; }
  Deadline& read_deadline() noexcept { return read_deadline_; }

 private:
  error_code take_to_buffer();
  error_code end_read(error_code error) noexcept;
  std::size_t take_now(std::span<char> room, error_code& error);
  Task<std::size_t> receive(std::span<char> room, error_code& error);
  void begin_wait() noexcept;
  error_code end_wait(error_code ended) noexcept;

  ReadinessSocket socket_;
  std::unique_ptr<TlsStream> tls_;  // null: plain
  InputBuffer input_;
  Deadline read_deadline_;
  Deadline write_deadline_;
  Deadline end_check_;          // when a waiting read checks for the end of the stream
  unsigned reads_cancels_ = 0;  // the socket's cancels() when the read began
};

}  // namespace osproxy
