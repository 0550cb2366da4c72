// The HTTP/1.1 server of the admin listener: reads requests, calls the dispatcher, writes
// responses. Beast is hidden in http_server.cc.
//
// One thread serves all connections, and calls the handlers that take microseconds. Each other lane
// (dispatcher.h) has its own threads, which its first request starts. Connections, heads, bodies,
// calls, responses and times are bounded. A connection beyond a bound is let in at the cost of the
// one that needs its place least (connection_table.h).
//
// With TLS, a handshake is bounded as a request head is, and ranks as one: a client that never ends
// it keeps no place. It takes about a millisecond of the connections' thread.
//
// Ownership: the arguments of open() must outlive the server. The destructor closes all connections
// and waits for all threads, at most as long as a handler under way takes.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <string>

#include "osproxy/admin/dispatcher.h"
#include "osproxy/admin/handshakes.h"
#include "osproxy/core/address.h"
#include "osproxy/tls/context.h"

namespace osproxy::admin {

struct HttpServerOptions {
  HostPort listen;
  bool loopback_only;  ///< refuse to listen where other machines could connect
  std::size_t max_connections;
  std::chrono::milliseconds head_timeout;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds io_timeout;
  TlsContext::Pointer tls{};         ///< null: clients connect without TLS
  Handshakes* handshakes = nullptr;  ///< null: nothing counts them; else outlives the server
};

/// A request line and its headers. Those of osproxyctl take some hundred bytes, of browsers some
/// thousand.
inline constexpr std::size_t kMaxHeadBytes = 16 << 10;

/// Above the document's 1 MiB, so that a document that is slightly too large gets the decoder's
/// error.
inline constexpr std::size_t kMaxBodyBytes = (1 << 20) + (64 << 10);

class HttpServer {
 public:
  /// Listens, and starts the thread that serves. The error is a sentence for a person.
  static std::expected<std::unique_ptr<HttpServer>, std::string> open(
      const HttpServerOptions& options, Dispatcher& dispatcher);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const HostPort& address() const noexcept;

  /// New connections use this context. Any thread may call it.
  void replace_tls(TlsContext::Pointer tls);

 private:
  class Impl;

  explicit HttpServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy::admin
