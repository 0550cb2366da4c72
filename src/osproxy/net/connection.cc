#include "osproxy/net/connection.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <sys/socket.h>
#include <sys/uio.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// There is room for at least so much in each read.
constexpr std::size_t kReadSize = InputBlocks::kBlockSize;

/// Of one message: a head, a chunk's size line, payload, and what ends the chunk.
constexpr std::size_t kMaxParts = 4;

/// Of discarded input, between two looks of the loop for other events.
constexpr std::size_t kLingerTurn = 256 * 1024;

error_code last_error() noexcept {
  return {errno == EAGAIN ? EWOULDBLOCK : errno, asio::error::get_system_category()};
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
      write_deadline_(deadlines, [this] { cancel(); }),
      end_check_(deadlines, [this] { socket_.check_for_end(); }) {}

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

error_code Connection::begin_read(std::chrono::milliseconds timeout) {
  read_deadline_.expire_after(timeout);
  reads_cancels_ = socket_.cancels();
  return take_to_buffer();
}

error_code Connection::go_on_reading(error_code ended) {
  const error_code error = end_wait(ended);
  return error ? end_read(error) : take_to_buffer();
}

error_code Connection::take_to_buffer() {
  error_code error;
  input_.commit(take_now(input_.prepare(kReadSize), error));
  if (error != asio::error::would_block) return end_read(error);
  input_.release_if_empty();
  begin_wait();
  return error;
}

error_code Connection::end_read(error_code error) noexcept {
  if (!read_deadline_.expired()) read_deadline_.clear();
  return error;
}

Task<error_code> Connection::read(std::chrono::milliseconds timeout) {
  error_code error = begin_read(timeout);
  while (error == asio::error::would_block) {
    const auto [ended] = co_await until_readable();
    error = go_on_reading(ended);
  }
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
  reads_cancels_ = socket_.cancels();
  std::size_t size = take_now(room, error);
  while (error == asio::error::would_block) {
    begin_wait();
    const auto [ended] = co_await until_readable();
    error = end_wait(ended);
    if (!error) size = take_now(room, error);
  }
  co_return size;
}

/// More than zero bytes, or an error: would_block if they must come first.
std::size_t Connection::take_now(std::span<char> room, error_code& error) {
  return tls_ ? tls_->read_now(room, error) : socket_.receive_now(room, error);
}

void Connection::begin_wait() noexcept {
  if (socket_.may_hide_end()) end_check_.expire_after(0ms);  // at the next tick
}

error_code Connection::end_wait(error_code ended) noexcept {
  end_check_.clear();
  return socket_.woken(ended, reads_cancels_);
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
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
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
    // For a single piece, the cheaper one of the two.
    const auto size =
        message.msg_iovlen == 1
            ? ::send(socket_.native_handle(), pieces[0].iov_base, pieces[0].iov_len, kFlags)
            : ::sendmsg(socket_.native_handle(), &message, kFlags);
    if (size >= 0) {
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
  return got < 0 && would_block(errno);
}

PeerState Connection::peer_state() const noexcept {
  // The native handle is asked for by a function that is not const, but changes nothing.
  return osproxy::peer_state(const_cast<ReadinessSocket&>(socket_).native_handle());
}

void Connection::cancel() noexcept {
  error_code ignored;
  socket_.end_operations(ignored);
}

void Connection::end_stream() noexcept {
  if (tls_) tls_->end();
}

Task<> Connection::close_gracefully(Linger linger) {
  error_code error;
  end_stream();
  tls_.reset();  // input from here on is thrown away: it need not be decrypted
  socket_.shutdown(Socket::shutdown_send, error);
  std::array<char, 4096> discarded;
  std::size_t in_turn = 0;
  // Besides the deadline for each piece, one for all: a client that keeps sending cannot keep the
  // connection.
  write_deadline_.expire_after(linger.total);
  expect_end();
  while (!error && !timed_out()) {
    read_deadline_.expire_after(linger.idle);
    in_turn += co_await receive(discarded, error);
    if (in_turn < kLingerTurn) continue;
    in_turn = 0;
    co_await asio::post(socket_.get_executor(), kAsTask);
  }
  socket_.close(error);
}

}  // namespace osproxy
