// Reading from a socket with one system call for each time that something comes.
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
// Asio's own async_wait() arms the descriptor anew with an epoll_ctl() each time, and its
// async_read_some() always begins with a recv(), also where nothing can have come yet. The
// descriptor is registered edge-triggered, so neither is needed by one who waits only when all has
// been read: what arrives later makes an edge, and an edge that came while nobody waited is kept by
// the reactor and ends the next wait at once.
//
// A read that leaves room has taken all the bytes that there were (epoll(7), question 9), so the
// next one need not ask whether there are more. It does not say whether the end of the stream, or a
// reset, stands right behind them; if that came together with them, its edge is used up. Who waits
// long for more looks for it once, by look_behind(). (The kernel could tell with each read, by
// TCP_INQ, at a price that each request would pay.)
//
// Ended early, with operation_aborted, by end_operations() and the socket's close() only. Belongs
// to its worker.
//
// This is the one file that reaches into Asio (boost::asio::detail, as of 1.81, which is the one
// version that we build with; tests/net/connection_test.cc holds it to the promise above).
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

/// Whether an errno says that a call would have had to wait.
bool would_block(int error) noexcept;

/// Done at the first edge, and the edge is used up.
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

  /// As Asio's own operations do: the memory is given back before the handler is called, and
  /// without an owner, when the loop is destroyed, the handler is only destroyed.
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

  /// Reads once what is there: more than zero bytes, or `error` says why not. asio::error::eof is
  /// the end of the stream; would_block comes without a system call if nothing can be there.
  std::size_t receive_now(std::span<char> room, error_code& error) noexcept;

  template <class Token>
  auto async_until_readable(Token&& token) {
    return asio::async_initiate<Token, void(error_code)>(Wait{this}, token);
  }

  /// What a wait for input came to. A wait that had ended by itself, but was not followed up yet,
  /// cannot be cancelled any more: the one behind it must not begin.
  error_code woken(error_code ended, unsigned cancels_before) noexcept;

  /// The end of the stream may stand behind what was read last.
  bool may_hide_end() const noexcept { return left_ == Left::NoBytes; }

  /// Looks whether it does. If so, a wait for input ends without an error; others go on.
  void look_behind() noexcept;

  /// The next receive_now() asks the kernel, whatever the last one left.
  void assume_nothing() noexcept { left_ = Left::Unknown; }

  /// As cancel(), and counted for unless_cancelled().
  void end_operations(error_code& error) {
    ++cancels_;
    Socket::cancel(error);
  }

  unsigned cancels() const noexcept { return cancels_; }

  /// What a wait of any kind came to, likewise.
  error_code unless_cancelled(error_code ended, unsigned cancels_before) const noexcept {
    return cancels_ == cancels_before ? ended : asio::error::operation_aborted;
  }

 private:
  /// What the last read left in the kernel.
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
  bool found_end_ = false;  // by look_behind(), which ended a wait
};

}  // namespace osproxy
