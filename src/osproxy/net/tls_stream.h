// A TlsEngine on a socket: what a Connection reads and writes through once it is secured.
//
//   TlsStream stream(socket, context.accept(), worker);
//   if (!co_await stream.handshake(deadline)) …            // counted, told, and stream.fault()
//   const auto size = stream.read_now(room, error);        // would_block: wait for the socket
//   error = stream.write_now(parts);                       // would_block: wait for the socket
//
// Ciphertext passes through buffers that all connections of a worker share; a connection holds
// some of its own only while the kernel takes no more, or gave more than was asked for. One that
// waits needs no room to read into.
//
// Belongs to its worker, like the socket, which must outlive it. Whoever cancels the socket's
// operations ends the handshake, with an error.
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

/// What the TLS connections of one worker share.
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

  /// Ends the stream with order towards a node: no request could look complete by that. Towards a
  /// client, an end in order says that the response is whole, and only end() says so.
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// False: it failed, and fault() says of what. `deadline` cancels the socket's operations.
  Task<bool> handshake(const Deadline& deadline);

  /// Reads what is there; more than zero bytes, or `error` says why not: would_block if more must
  /// come first, asio::error::eof only if the other side ended the stream in order,
  /// stream_truncated if the connection ended without.
  std::size_t read_now(std::span<char> room, error_code& error);

  /// Writes what the kernel takes at once, and cuts what is encrypted off the front of `parts`.
  /// With would_block it is to be called again, also if nothing of them is left.
  error_code write_now(std::span<asio::const_buffer> parts);

  /// True if nothing has come but what TLS says to itself, such as tickets.
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
