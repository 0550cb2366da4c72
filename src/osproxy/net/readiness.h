// A socket that is read with one system call each time bytes arrive.
//
//   ReadinessSocket socket(std::move(accepted));
//   std::size_t size = socket.receive_now(room, error);
//   while (error == asio::error::would_block) {
//     const unsigned cancels = socket.cancels();
//     const auto [ended] = co_await socket.async_until_readable(kInFrame);
//     error = socket.woken(ended, cancels);
//     if (!error) size = socket.receive_now(room, error);
//   }
//
// Problem: Asio's async_wait() arms the descriptor anew with an epoll_ctl() each time, and its
// async_read_some() always begins with a recv(), even when nothing can have arrived yet.
//
// Idea: the reactor registers the descriptor edge-triggered. A reader that waits only after it has
// read everything needs neither call: bytes that arrive later make an edge, and the reactor keeps
// an edge that came while nobody waited and ends the next wait at once.
//
// A read that leaves room has taken all bytes that there were (epoll(7), question 9), so the next
// read need not ask. It does not show whether the end of the stream, or a reset, follows them; if
// that came together with the bytes, its edge is used up. A reader that waits long therefore checks
// once, by check_for_end(). (TCP_INQ would tell with each read, at a price for each request.)
//
// Only end_operations() and the socket's close() end a wait early, with operation_aborted. Belongs
// to its worker.
//
// This is the one file that reaches into Asio (boost::asio::detail, as of 1.81, the one version
// that osproxy builds with); tests/net/connection_test.cc tests the behaviour above.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/detail/bind_handler.hpp>
#include <boost/asio/detail/handler_alloc_helpers.hpp>
#include <boost/asio/detail/handler_work.hpp>
#include <boost/asio/detail/reactor.hpp>
#include <boost/asio/detail/reactor_op.hpp>
#include <boost/asio/error.hpp>

#include "osproxy/net/asio_types.h"

namespace osproxy {

/// True for the errno of a call that would have had to wait.
bool would_block(int error) noexcept;

/// Completes at the first edge, and uses the edge up.
template <class Handler>
class ReadinessOp final : public asio::detail::reactor_op {
 public:
  BOOST_ASIO_DEFINE_HANDLER_PTR(ReadinessOp);

  ReadinessOp(Handler& handler, const Executor& executor)
      : reactor_op({}, &ReadinessOp::do_perform, &ReadinessOp::do_complete),
        handler_(std::move(handler)),
        work_(handler_, executor) {}

 private:
  static status do_perform(reactor_op* /*op*/) { return done_and_exhausted; }

  /// As Asio's operations do: the memory is given back before the handler is called. Without an
  /// owner, when the loop is being destroyed, the handler is only destroyed.
  static void do_complete(void* owner, asio::detail::operation* base, const error_code& /*error*/,
                          std::size_t /*size*/) {
    auto* const self = static_cast<ReadinessOp*>(base);
    ptr memory = {std::addressof(self->handler_), self, self};
    asio::detail::handler_work<Handler, Executor> work(std::move(self->work_));
    asio::detail::binder1<Handler, error_code> handler(self->handler_, self->ec_);
    memory.h = std::addressof(handler.handler_);
    memory.reset();
    if (owner != nullptr) work.complete(handler, handler.handler_);
  }

  Handler handler_;
  asio::detail::handler_work<Handler, Executor> work_;
};

class ReadinessSocket : public Socket {
 public:
  using Socket::Socket;
  explicit ReadinessSocket(Socket&& socket) : Socket(std::move(socket)) {}

  /// Reads once: more than zero bytes, or `error` says why not. asio::error::eof is the end of the
  /// stream; would_block comes without a system call if nothing can have arrived.
  std::size_t receive_now(std::span<char> room, error_code& error) noexcept;

  template <class Token>
  auto async_until_readable(Token&& token) {
    return asio::async_initiate<Token, void(error_code)>(Wait{this}, token);
  }

  /// The outcome of a wait for input. A wait that has ended by itself, but was not followed up yet,
  /// can no longer be cancelled: the count of cancels keeps the next one from beginning.
  error_code woken(error_code ended, unsigned cancels_before) noexcept;

  /// The end of the stream may follow the bytes that were read last.
  bool may_hide_end() const noexcept { return left_ == Left::NoBytes; }

  /// Checks whether it does. If so, a wait for input ends without an error; other waits go on.
  void check_for_end() noexcept;

  /// The next receive_now() asks the kernel, whatever the last one left.
  void assume_nothing() noexcept { left_ = Left::Unknown; }

  /// As cancel(), and counted: see unless_cancelled().
  void end_operations(error_code& error) {
    ++cancels_;
    Socket::cancel(error);
  }

  unsigned cancels() const noexcept { return cancels_; }

  /// The outcome of a wait of any kind, likewise.
  error_code unless_cancelled(error_code ended, unsigned cancels_before) const noexcept {
    return cancels_ == cancels_before ? ended : asio::error::operation_aborted;
  }

 private:
  /// The bytes that the last read left in the kernel.
  enum class Left : std::uint8_t {
    Unknown,
    NoBytes,  ///< but perhaps the end of the stream
    Nothing,
  };

  struct Wait {
    ReadinessSocket* socket;

    template <class Handler>
    void operator()(Handler&& handler) const {
      using Op = ReadinessOp<std::decay_t<Handler>>;
      typename Op::ptr memory = {std::addressof(handler), Op::ptr::allocate(handler), nullptr};
      memory.p = new (memory.v) Op(handler, socket->get_executor());
      socket->start(memory.p);
      memory.v = memory.p = nullptr;
    }
  };

  asio::detail::reactor& reactor() {
    return asio::use_service<asio::detail::reactor>(get_executor().context());
  }

  void start(asio::detail::reactor_op* op) {
    auto& implementation = impl_.get_implementation();
    reactor().start_op(asio::detail::reactor::read_op, implementation.socket_,
                       implementation.reactor_data_, op, /*is_continuation=*/true,
                       /*allow_speculative=*/true);
  }

  unsigned cancels_ = 0;
  Left left_ = Left::Unknown;
  bool found_end_ = false;  // by check_for_end(), which then ends a wait
};

}  // namespace osproxy
