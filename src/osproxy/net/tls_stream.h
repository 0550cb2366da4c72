// TLS on a socket: a TlsEngine with the system calls that a Connection makes once it is secured.
//
//   TlsStream stream(socket, context.accept(), worker);
//   if (!co_await stream.handshake(deadline)) co_return;  // counted, reported, and in fault()
//   const auto size = stream.read_now(room, error);       // would_block: wait for the socket
//   error = stream.write_now(parts);                      // would_block: wait for the socket
//
// All connections of a worker share the buffers that ciphertext passes through. A connection holds
// ciphertext itself only while the kernel takes no more, or gave more than was asked for. A
// connection that waits needs no buffer.
//
// Belongs to its worker, like the socket, which must outlive it. Cancelling the socket's operations
// ends the handshake with an error.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/net/asio_types.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/net/readiness.h"
#include "osproxy/tls/counters.h"
#include "osproxy/tls/engine.h"

namespace osproxy {

/// Shared by the TLS connections of one worker.
struct TlsWorker {
  static constexpr std::size_t kBufferSize = 64 * 1024;

  std::function<void(const TlsReport&)> on_failure{};  ///< called by the worker's thread
  TlsCounters counters{};

  // Used within one step of one connection, never across a suspension. Input and gathered are
  // allocated for the first one.
  std::unique_ptr<char[]> input{};
  std::string output{};
  std::string gathered{};
};

class TlsStream {
 public:
  TlsStream(ReadinessSocket& socket, TlsSession session, TlsWorker& worker);

  /// Sends close_notify to a node, which cannot mistake it for a request's end. Towards a client,
  /// an orderly end says that the response is whole, so only end() sends it.
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// False: it failed, and fault() says why. `deadline` cancels the socket's operations.
  Task<bool> handshake(const Deadline& deadline);

  /// Reads what has arrived: more than zero bytes, or `error` says why not. would_block: more must
  /// arrive first; asio::error::eof: the other side ended the stream in order; stream_truncated:
  /// the connection ended without that.
  std::size_t read_now(std::span<char> room, error_code& error);

  /// Writes what the kernel takes at once, and cuts what is encrypted off the front of `parts`.
  /// After would_block, call it again, even if nothing of them is left.
  error_code write_now(std::span<asio::const_buffer> parts);

  /// True if nothing has arrived but TLS's own messages, such as tickets.
  bool is_quiet() noexcept;

  /// Says that nothing more will be sent, if the kernel takes that at once.
  void end() noexcept;

  const std::optional<TlsFault>& fault() const noexcept { return fault_; }

  /// Of the other side's verified certificate; empty if there is none.
  const std::string& principal() const noexcept { return principal_; }

 private:
  bool has_more() const noexcept { return !unread_.empty() || engine_.has_more(); }
  std::string_view receive_now(std::size_t most, error_code& error) noexcept;
  Task<std::string_view> receive(std::size_t most, error_code& error);
  Task<error_code> send_more();
  error_code send(std::string_view bytes) noexcept;
  bool encrypt(std::span<asio::const_buffer> parts);
  void fail(const TlsFault& fault);

  ReadinessSocket& socket_;
  TlsWorker& worker_;
  TlsEngine engine_;
  std::string unread_;  // ciphertext that there was no room for
  std::string unsent_;  // ciphertext that the kernel did not take
  std::string principal_;
  std::optional<TlsFault> fault_;
};

}  // namespace osproxy
