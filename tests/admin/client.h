// A client that sends exactly the bytes it is told to, and reads what comes.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

#include "osproxy/core/address.h"

namespace osproxy::admin::test {

class Client {
 public:
  explicit Client(const HostPort& address) {
    using boost::asio::ip::tcp;
    socket_.connect(tcp::endpoint(boost::asio::ip::make_address(address.host), address.port));
    const timeval bound{.tv_sec = 20, .tv_usec = 0};  // a hang becomes a failure
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
  }

  /// False if the server has closed the connection.
  bool send(std::string_view bytes) {
    boost::system::error_code error;
    boost::asio::write(socket_, boost::asio::buffer(bytes), error);
    return !error;
  }

  /// Everything until the server closes.
  std::string read_all() {
    boost::system::error_code error;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(received_), error);
    return std::exchange(received_, {});
  }

  /// Up to and including `end`; less if the server closes first.
  std::string read_until(std::string_view end) {
    boost::system::error_code error;
    while (received_.find(end) == std::string::npos && !error) {
      char piece[4096];
      const std::size_t size = socket_.read_some(boost::asio::buffer(piece), error);
      received_.append(piece, size);
    }
    const std::size_t size = std::min(received_.size(), received_.find(end) + end.size());
    std::string result = received_.substr(0, size);
    received_.erase(0, size);
    return result;
  }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_{context_};
  std::string received_;
};

/// Sends one request on a new connection, and returns the whole response.
inline std::string ask(const HostPort& address, std::string_view head, std::string_view body = {}) {
  Client client(address);
  client.send(std::string(head) + "Host: 127.0.0.1\r\nConnection: close\r\n\r\n" +
              std::string(body));
  return client.read_all();
}

}  // namespace osproxy::admin::test
