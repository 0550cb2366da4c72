// The Asio types that the data plane is written in: one io_context a worker, coroutines on it, and
// results as values. No type-erased executor, so that starting an operation costs no allocation.
#pragma once

#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace osproxy {

namespace asio = boost::asio;
using boost::system::error_code;

using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using SteadyClock = std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

template <class T = void>
using Task = asio::awaitable<T, Executor>;

/// `auto [error, size] = co_await socket.async_read_some(buffer, kAsTask);`
inline constexpr auto kAsTask = asio::as_tuple(asio::use_awaitable_t<Executor>{});

/// The same, for the request path: the operation lives in the frame of the coroutine that awaits
/// it.
inline constexpr auto kInFrame = asio::as_tuple(asio::deferred);

}  // namespace osproxy
