#include "osproxy/http/connection.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace osproxy::http {
namespace {

using namespace std::chrono_literals;

/// There is room for at least so much in each read.
constexpr std::size_t kReadSize = InputBlocks::kBlockSize;

/// Of one message: a head, a chunk's size line, payload, and what ends the chunk.
constexpr std::size_t kMaxParts = 4;

constexpr auto kLingerTimeout = 2s;
constexpr std::size_t kLingerBytes = 1 << 20;

/// Room for what the kernel says is left to read.
union LeftMessage {
  cmsghdr alignment;
  std::array<char, CMSG_SPACE(sizeof(int))> bytes;
};

error_code last_error() noexcept {
  return {errno == EAGAIN ? EWOULDBLOCK : errno, asio::error::get_system_category()};
}

/// From the answer to TCP_INQ: nothing is left, not even the end of the stream.
bool says_none_left(const msghdr& message) noexcept {
  const cmsghdr* const left = CMSG_FIRSTHDR(&message);
  if (left == nullptr || left->cmsg_level != SOL_TCP || left->cmsg_type != TCP_CM_INQ) return false;
  int size = 0;
  std::memcpy(&size, CMSG_DATA(left), sizeof size);
  return size == 0;
}

/// Takes `size` bytes off the front; true if anything is left.
bool skip(std::span<asio::const_buffer> parts, std::size_t size) noexcept {
  std::size_t left = 0;
  for (asio::const_buffer& part : parts) {
    const std::size_t skipped = std::min(size, part.size());
    part += skipped;
    size -= skipped;
    left += part.size();
  }
  return left > 0;
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

/// As read(), if that need not wait; else the error is would_block.
error_code Connection::read_now() {
  if (is_drained_) return asio::error::would_block;
  error_code error;
  input_.commit(take_now(input_.prepare(kReadSize), error));
  return error;
}

Task<error_code> Connection::read(std::chrono::milliseconds timeout) {
  read_deadline_.expire_after(timeout);
  const unsigned cancels = socket_.cancels();
  error_code error = read_now();
  while (error == asio::error::would_block) {
    input_.release_if_empty();
    const auto [ended] = co_await socket_.async_until_readable(kInFrame);
    none_left_ = is_drained_ = false;
    error = socket_.unless_cancelled(ended, cancels);
    if (!error) error = read_now();
  }
  if (!read_deadline_.expired()) read_deadline_.clear();
  co_return error;
}

Task<std::size_t> Connection::read_into(std::span<char> room, std::chrono::milliseconds timeout,
                                        error_code& error) {
  read_deadline_.expire_after(timeout);
  const std::size_t size = co_await receive(room, error);
  if (!read_deadline_.expired()) read_deadline_.clear();
  co_return size;
}

Task<std::size_t> Connection::receive(std::span<char> room, error_code& error) {
  const unsigned cancels = socket_.cancels();
  std::size_t size = take_now(room, error);
  while (error == asio::error::would_block) {
    const auto [ended] = co_await socket_.async_until_readable(kInFrame);
    none_left_ = is_drained_ = false;
    error = socket_.unless_cancelled(ended, cancels);
    if (!error) size = take_now(room, error);
  }
  co_return size;
}

/// More than zero bytes, or an error: would_block if they must come first.
std::size_t Connection::take_now(std::span<char> room, error_code& error) {
  return tls_ ? tls_->read_now(room, error) : receive_now(room, error);
}

/// One recvmsg(), or none, past TLS.
std::size_t Connection::receive_now(std::span<char> room, error_code& error) noexcept {
  if (is_drained_) {
    error = asio::error::would_block;
    return 0;
  }
  if (!asks_for_left_) {
    const int on = 1;  // not known to the kernel: then a read that finds nothing tells as much
    ::setsockopt(socket_.native_handle(), SOL_TCP, TCP_INQ, &on, sizeof on);
    asks_for_left_ = true;
  }
  iovec where{.iov_base = room.data(), .iov_len = room.size()};
  LeftMessage left;
  msghdr message{};
  message.msg_iov = &where;
  message.msg_iovlen = 1;
  message.msg_control = left.bytes.data();
  message.msg_controllen = left.bytes.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size > 0) {
    error = {};
    none_left_ = says_none_left(message);
    return static_cast<std::size_t>(size);
  }
  none_left_ = false;
  error = size == 0 ? error_code(asio::error::eof) : last_error();
  is_drained_ = error == asio::error::would_block;
  return 0;
}

Task<error_code> Connection::write(std::span<asio::const_buffer> parts,
                                   std::chrono::milliseconds timeout) {
  const unsigned cancels = socket_.cancels();
  error_code error = write_now(parts);
  while (error == asio::error::would_block) {
    // A slow reader is given the whole time for each piece that the kernel takes.
    write_deadline_.expire_after(timeout);
    const auto [failed] = co_await socket_.async_wait(Socket::wait_write, kInFrame);
    error = socket_.unless_cancelled(failed, cancels);
    if (!error) error = write_now(parts);
  }
  if (!write_deadline_.expired()) write_deadline_.clear();
  co_return error;
}

Task<error_code> Connection::write(std::string_view bytes, std::chrono::milliseconds timeout) {
  asio::const_buffer part(bytes.data(), bytes.size());
  co_return co_await write({&part, 1}, timeout);
}

error_code Connection::write_now(std::span<asio::const_buffer> parts) {
  if (tls_) return tls_->write_now(parts);
  std::array<iovec, kMaxParts> pieces;
  assert(parts.size() <= pieces.size());
  while (true) {
    msghdr message{};
    message.msg_iov = pieces.data();
    for (const asio::const_buffer& part : parts) {
      if (part.size() == 0) continue;
      pieces[message.msg_iovlen++] = {.iov_base = const_cast<void*>(part.data()),
                                      .iov_len = part.size()};
    }
    if (message.msg_iovlen == 0) return {};
    const auto size = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size >= 0) {
      // A reset that came with the last bytes, and is not counted by the kernel as left to read,
      // would have made this fail; one from now on makes an edge.
      if (none_left_) is_drained_ = true;
      if (!skip(parts, static_cast<std::size_t>(size))) return {};
    } else if (errno != EINTR) {
      return last_error();
    }
  }
}

bool Connection::is_quiet() noexcept {
  if (tls_) return tls_->is_quiet();
  char byte = 0;
  const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool Connection::peer_has_closed() const noexcept {
  // The native handle is asked for by a function that is not const, but changes nothing.
  pollfd look{.fd = const_cast<ReadinessSocket&>(socket_).native_handle(),
              .events = POLLRDHUP,
              .revents = 0};
  return ::poll(&look, 1, 0) == 1;
}

void Connection::cancel() noexcept {
  error_code ignored;
  socket_.end_operations(ignored);
}

void Connection::end_stream() noexcept {
  if (tls_) tls_->end();
}

Task<> Connection::close_gracefully() {
  error_code error;
  end_stream();
  tls_.reset();  // what comes now is thrown away: it need not be decrypted
  socket_.shutdown(Socket::shutdown_send, error);
  std::array<char, 4096> discarded;
  std::size_t left = kLingerBytes;
  // One deadline for all of it: a client that keeps sending cannot keep the connection.
  read_deadline_.expire_after(kLingerTimeout);
  while (!error && left > 0 && !read_deadline_.expired()) {
    const std::size_t size = co_await receive(discarded, error);
    left -= std::min(left, size);
  }
  socket_.close(error);
}

}  // namespace osproxy::http
