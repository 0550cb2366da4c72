// The admin listener's HTTP/1.1: reads requests, asks the dispatcher, writes responses. Beast is
// hidden in http_server.cc.
//
// One thread serves all connections; endpoints that may block run on a second one, started when
// the first of them is asked for. Connections, heads, bodies and times are bounded.
//
// Ownership: what open() is given must outlive the server. The destructor closes all connections
// and waits for both threads, at most as long as a handler under way takes.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <memory>
#include <string>

#include "osproxy/admin/dispatcher.h"
#include "osproxy/core/address.h"

namespace osproxy::admin {

struct HttpServerOptions {
  HostPort listen;
  bool loopback_only;  ///< refuse to listen where other machines could connect
  std::size_t max_connections;
  std::chrono::milliseconds idle_timeout;
  std::chrono::milliseconds io_timeout;
};

/// A request line and its headers; ours take some hundred bytes, browsers' some thousand.
inline constexpr std::size_t kMaxHeadBytes = 16 << 10;

/// Above the document's 1 MiB, so that one that is a little too large gets the decoder's response.
inline constexpr std::size_t kMaxBodyBytes = (1 << 20) + (64 << 10);

class HttpServer {
 public:
  /// Listens, and serves from a thread of its own. The error is a sentence for a person.
  static std::expected<std::unique_ptr<HttpServer>, std::string> open(
      const HttpServerOptions& options, const Dispatcher& dispatcher);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  const HostPort& address() const noexcept;

 private:
  class Impl;

  explicit HttpServer(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace osproxy::admin
