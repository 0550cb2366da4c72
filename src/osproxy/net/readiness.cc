#include "osproxy/net/readiness.h"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>

namespace osproxy {

bool would_block(int error) noexcept { return error == EAGAIN || error == EWOULDBLOCK; }

std::size_t ReadinessSocket::receive_now(std::span<char> room, error_code& error) noexcept {
  if (left_ != Left::Unknown) {
    error = asio::error::would_block;
    return 0;
  }
  ssize_t size = 0;
  do {
    size = ::recv(native_handle(), room.data(), room.size(), MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  if (size > 0) {
    error = {};
    const auto taken = static_cast<std::size_t>(size);
    if (taken < room.size()) left_ = Left::NoBytes;
    return taken;
  }
  if (size == 0) {
    error = asio::error::eof;
  } else if (would_block(errno)) {
    error = asio::error::would_block;
    left_ = Left::Nothing;
  } else {
    error = {errno, asio::error::get_system_category()};
  }
  return 0;
}

error_code ReadinessSocket::woken(error_code ended, unsigned cancels_before) noexcept {
  left_ = Left::Unknown;
  if (std::exchange(found_end_, false)) ended = {};
  return unless_cancelled(ended, cancels_before);
}

void ReadinessSocket::check_for_end() noexcept {
  if (!may_hide_end()) return;
  // Not recv(MSG_PEEK): it would take a reset away, and the rest would look like an orderly end.
  pollfd poll_for{.fd = native_handle(), .events = POLLIN | POLLRDHUP, .revents = 0};
  if (::poll(&poll_for, 1, 0) == 0) {
    left_ = Left::Nothing;
    return;
  }
  found_end_ = true;
  auto& implementation = impl_.get_implementation();
  reactor().cancel_ops_by_key(implementation.socket_, implementation.reactor_data_,
                              asio::detail::reactor::read_op, nullptr);
}

}  // namespace osproxy
