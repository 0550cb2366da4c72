#include "osproxy/http/connection.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <poll.h>
#include <sys/socket.h>

namespace osproxy::http {
namespace {

using namespace std::chrono_literals;

/// Enough for nearly all heads together with a small body; grows for larger ones.
constexpr std::size_t kReadSize = 8 * 1024;

constexpr auto kLingerTimeout = 2s;
constexpr std::size_t kLingerBytes = 1 << 20;

/// Takes `size` bytes off the front.
template <std::size_t N>
void skip(std::array<asio::const_buffer, N>& parts, std::size_t size) {
  for (asio::const_buffer& part : parts) {
    const std::size_t skipped = std::min(size, part.size());
    part += skipped;
    size -= skipped;
  }
}

}  // namespace

Connection::Connection(Socket socket, Deadlines& deadlines)
    : socket_(std::move(socket)),
      read_deadline_(deadlines, [this] { cancel(); }),
      write_deadline_(deadlines, [this] { cancel(); }) {}

Task<std::optional<TlsFailure>> Connection::secure(TlsSession session, TlsWorker& worker,
                                                   std::chrono::milliseconds timeout) {
  tls_ = std::make_unique<TlsStream>(socket_, std::move(session), worker);
  read_deadline_.expire_after(timeout);
  std::optional<TlsFailure> failure;
  if (!co_await tls_->handshake(read_deadline_)) {
    failure = tls_failure();
    tls_.reset();
  }
  read_deadline_.clear();
  co_return failure;
}

std::optional<TlsFailure> Connection::tls_failure() const noexcept {
  if (!tls_ || !tls_->fault()) return std::nullopt;
  return tls_->fault()->failure;
}

Task<error_code> Connection::read(std::chrono::milliseconds timeout) {
  error_code error;
  const auto size = co_await read_into(input_.prepare(kReadSize), timeout, error);
  input_.commit(size);
  co_return error;
}

Task<std::size_t> Connection::read_into(std::span<char> room, std::chrono::milliseconds timeout,
                                        error_code& error) {
  read_deadline_.expire_after(timeout);
  if (tls_) {
    const std::size_t size = co_await tls_->read(room, error);
    if (!read_deadline_.expired()) read_deadline_.clear();
    co_return size;
  }
  const auto [failed, size] =
      co_await socket_.async_read_some(asio::buffer(room.data(), room.size()), kAsTask);
  if (!read_deadline_.expired()) read_deadline_.clear();
  error = failed;
  co_return size;
}

template <std::size_t N>
Task<error_code> Connection::write(const std::array<asio::const_buffer, N>& parts,
                                   std::chrono::milliseconds timeout) {
  std::array<asio::const_buffer, N> rest = parts;
  error_code error;
  if (tls_) {
    error = co_await tls_->write(rest, write_deadline_, timeout);
    if (!write_deadline_.expired()) write_deadline_.clear();
    co_return error;
  }
  do {
    // A slow reader is given the whole time for each piece that the kernel takes.
    write_deadline_.expire_after(timeout);
    const auto [failed, written] = co_await socket_.async_write_some(rest, kAsTask);
    error = failed;
    skip(rest, written);
  } while (!error && asio::buffer_size(rest) > 0);
  if (!write_deadline_.expired()) write_deadline_.clear();
  co_return error;
}

template Task<error_code> Connection::write(const std::array<asio::const_buffer, 2>&,
                                            std::chrono::milliseconds);
template Task<error_code> Connection::write(const std::array<asio::const_buffer, 3>&,
                                            std::chrono::milliseconds);

Task<error_code> Connection::write(std::string_view bytes, std::chrono::milliseconds timeout) {
  co_return co_await write(
      std::array{asio::const_buffer(bytes.data(), bytes.size()), asio::const_buffer()}, timeout);
}

bool Connection::is_quiet() noexcept {
  if (tls_) return tls_->is_quiet();
  char byte = 0;
  const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool Connection::peer_has_closed() const noexcept {
  // The native handle is asked for by a function that is not const, but changes nothing.
  pollfd look{
      .fd = const_cast<Socket&>(socket_).native_handle(), .events = POLLRDHUP, .revents = 0};
  return ::poll(&look, 1, 0) == 1;
}

void Connection::cancel() noexcept {
  error_code ignored;
  socket_.cancel(ignored);
}

void Connection::end_stream() noexcept {
  if (tls_) tls_->end();
}

Task<> Connection::close_gracefully() {
  error_code error;
  end_stream();
  socket_.shutdown(Socket::shutdown_send, error);
  std::array<char, 4096> discarded;
  std::size_t left = kLingerBytes;
  // One deadline for all of it: a client that keeps sending cannot keep the connection.
  read_deadline_.expire_after(kLingerTimeout);
  while (!error && left > 0 && !read_deadline_.expired()) {
    const auto [failed, size] = co_await socket_.async_read_some(asio::buffer(discarded), kAsTask);
    error = failed;
    left -= std::min(left, size);
  }
  socket_.close(error);
}

}  // namespace osproxy::http
