// One connection to the admin listener: its requests, one after the other.
//
//   HttpSession session(dependencies, std::move(socket));
//   while (co_await session.exchange()) {
//   }
//   co_await session.linger();
//
// Belongs to the thread of the listener. Closing stream() ends it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include "osproxy/admin/dispatcher.h"
#include "osproxy/admin/event_source.h"
#include "osproxy/admin/http_server.h"

namespace osproxy::admin {

class HttpSession {
 public:
  /// Of the server; must outlive the session.
  struct Dependencies {
    const HttpServerOptions& options;
    const Dispatcher& dispatcher;
    std::function<bool()> stopping;
    /// Returns the dispatcher's response to a request; runs on a thread that may block.
    std::function<boost::asio::awaitable<Response>(const Route&, const Request&)> respond;
    /// Returns the next events of the source; runs on the thread for events.
    std::function<boost::asio::awaitable<std::optional<std::string>>(EventSource&)> next;
  };

  HttpSession(const Dependencies& dependencies, boost::asio::ip::tcp::socket socket);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  /// Serves one request. False if the connection is to be closed.
  boost::asio::awaitable<bool> exchange();

  /// Keeps reading until the client has seen the response, within bounds.
  boost::asio::awaitable<void> linger();

  boost::beast::tcp_stream& stream() noexcept { return stream_; }

 private:
  boost::asio::awaitable<bool> refuse_unreadable(boost::system::error_code error);
  boost::asio::awaitable<bool> send(const Response& response, bool head_only, bool keep_alive);
  boost::asio::awaitable<void> send_events(const Response& response, bool head_only);
  boost::asio::awaitable<bool> write(std::string_view text);

  const Dependencies& dependencies_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace osproxy::admin
