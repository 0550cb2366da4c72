// One connection to the admin listener: its requests, one after the other.
//
//   HttpSession session(dependencies, std::move(socket), {.peer = peer, .tls = context});
//   bool open = co_await session.secure(place);
//   while (open) open = co_await session.exchange(place);
//   co_await session.linger();
//
// Belongs to the thread of the listener. Closing stream() ends it.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "osproxy/admin/connection_table.h"
#include "osproxy/admin/dispatcher.h"
#include "osproxy/admin/event_source.h"
#include "osproxy/admin/http_server.h"

namespace osproxy::admin {

class HttpSession {
 public:
  /// Of the server; must outlive the session.
  struct Dependencies {
    const HttpServerOptions& options;
    Dispatcher& dispatcher;
    std::function<bool()> stopping;
    /// Returns the dispatcher's response to a request; runs on a thread that may block.
    std::function<boost::asio::awaitable<Response>(const Route&, const Request&)> respond;
    /// Returns the next events of the source; runs on the thread for events.
    std::function<boost::asio::awaitable<std::optional<std::string>>(EventSource&)> next;
  };

  /// Of one connection.
  struct Client {
    Peer peer{};
    bool over_loopback = true;  ///< it has connected to a loopback address
    TlsContext::Pointer tls{};  ///< null: without TLS
  };

  HttpSession(const Dependencies& dependencies, boost::asio::ip::tcp::socket socket, Client client);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  /// Makes the TLS handshake, if there is to be one. False if the connection is to be closed.
  boost::asio::awaitable<bool> secure(ConnectionTable::Place& place);

  /// Serves one request, and tells `place` how far it is. False if the connection is to be closed.
  boost::asio::awaitable<bool> exchange(ConnectionTable::Place& place);

  /// Keeps reading until the client has seen the response, within bounds.
  boost::asio::awaitable<void> linger();

  boost::beast::tcp_stream& stream() noexcept { return stream_; }

 private:
  using TlsLayer = boost::asio::ssl::stream<boost::beast::tcp_stream&>;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void count_handshake(const boost::system::error_code& error, const ConnectionTable::Place& place);
  boost::asio::awaitable<bool> await_first_byte(ConnectionTable::Place& place);
  boost::asio::awaitable<boost::system::error_code> read_body(Parser& parser,
                                                              ConnectionTable::Place& place);
  boost::asio::awaitable<bool> refuse_unreadable(boost::system::error_code error);
  boost::asio::awaitable<bool> send(const Response& response, bool head_only, bool keep_alive);
  /// Says why the client may not read on.
  using Recheck = std::function<std::expected<void, std::string>()>;

  boost::asio::awaitable<void> send_events(EventSource& events, ConnectionTable::Place& place,
                                           const Recheck& recheck);
  boost::asio::awaitable<bool> write(std::string_view text);
  Request request_of(
      const boost::beast::http::request<boost::beast::http::string_body>& message) const;

  /// Calls `operation` with the stream that carries plaintext.
  template <class Operation>
  auto with_stream(Operation operation) {
    return tls_ ? operation(*tls_) : operation(stream_);
  }

  const Dependencies& dependencies_;
  const Client client_;
  bool is_first_ = true;  // no request has come yet
  boost::beast::tcp_stream stream_;
  std::unique_ptr<TlsLayer> tls_;  // null: without TLS
  std::optional<CertificateNames> certificate_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace osproxy::admin
