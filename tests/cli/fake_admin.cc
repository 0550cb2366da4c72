#include "tests/cli/fake_admin.h"

#include <list>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

namespace osproxy::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

std::string url_of(const tcp::acceptor& acceptor) {
  return fmt::format("http://127.0.0.1:{}", acceptor.local_endpoint().port());
}

}  // namespace

class FakeAdmin::Impl {
 public:
  explicit Impl(std::function<std::optional<FakeResponse>(const FakeRequest&)> response)
      : response_(std::move(response)), url_(url_of(acceptor_)) {
    asio::co_spawn(context_, accept(), asio::detached);
    thread_ = std::jthread([this] { context_.run(); });
  }
  ~Impl() { context_.stop(); }

  const std::string& url() const { return url_; }

  std::vector<FakeRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  asio::awaitable<void> accept() {
    while (true) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (error) co_return;
      asio::co_spawn(context_, serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    auto [read_error, read] = co_await http::async_read(socket, buffer, request, kAwait);
    if (read_error) co_return;
    FakeRequest seen{.method = std::string(request.method_string()),
                     .target = std::string(request.target()),
                     .authorization = std::string(request[http::field::authorization]),
                     .if_match = std::string(request[http::field::if_match]),
                     .instance = std::string(request["Osproxy-Instance"]),
                     .body = request.body()};
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(seen);
    }
    const auto response = response_(seen);
    if (!response) {
      silent_.push_back(std::move(socket));
      co_return;
    }
    co_await asio::async_write(socket, asio::buffer(*response), kAwait);
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_send, ignored);
  }

  const std::function<std::optional<FakeResponse>(const FakeRequest&)> response_;
  mutable std::mutex mutex_;
  std::vector<FakeRequest> requests_;  // guarded by mutex_
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  const std::string url_;
  std::list<tcp::socket> silent_;  // owned by thread_
  std::jthread thread_;            // last: joined before the rest goes
};

FakeResponse json_response(int status, const std::string& body, const std::string& headers) {
  return fmt::format(
      "HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", status,
      body.size(), headers, body);
}

FakeAdmin::FakeAdmin(std::function<std::optional<FakeResponse>(const FakeRequest&)> response)
    : impl_(std::make_unique<Impl>(std::move(response))) {}
FakeAdmin::~FakeAdmin() = default;

std::string FakeAdmin::url() const { return impl_->url(); }
std::vector<FakeRequest> FakeAdmin::requests() const { return impl_->requests(); }

std::string refusing_url() {
  asio::io_context context;
  const tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  return url_of(acceptor);  // closed on return
}

}  // namespace osproxy::cli
