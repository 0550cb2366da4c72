// Connects to one of several addresses: to the first that accepts (RFC 8305, "Happy Eyeballs").
//
//   ConnectRace race(executor, addresses);
//   auto socket = co_await race.run();        // race.cancel() ends it
//   for (const auto& address : race.losers()) remember(address);
//
// The addresses are tried in their order. The next attempt begins when the last one has failed, or
// a quarter of a second after it has begun. The attempts before go on, so that a slow address still
// wins over one that is dead. When one has won, the others end.
//
// Belongs to one worker; not thread-safe. The object must outlive run(). Its attempts own what they
// refer to, and end with the loop at the latest.
#pragma once

#include <chrono>
#include <expected>
#include <memory>

#include "osproxy/net/asio_types.h"
#include "osproxy/net/resolve.h"

namespace osproxy {

/// RFC 8305, section 5, recommends this "Connection Attempt Delay".
inline constexpr std::chrono::milliseconds kAttemptDelay{250};

/// True if the connection failed for want of something here, such as a descriptor or a local port:
/// it says nothing of the other side.
bool is_local_failure(const error_code& error) noexcept;

class ConnectRace {
 public:
  ConnectRace(Executor executor, Endpoints addresses);
  ~ConnectRace();
  ConnectRace(const ConnectRace&) = delete;
  ConnectRace& operator=(const ConnectRace&) = delete;

  /// A connected socket, or the last error; asio::error::timed_out if it was cancelled. An error of
  /// the other side takes precedence over a local one. Once.
  Task<std::expected<Socket, error_code>> run();

  /// Ends run().
  void cancel() noexcept;

  /// The address of the socket that run() returned. The socket itself no longer knows it if the
  /// other side has reset the connection.
  const asio::ip::tcp::endpoint& winner() const noexcept;

  /// The addresses that were tried and have not accepted a connection: they refused it, or were
  /// slower than the winner, who began later. Empty if all attempts failed for local reasons.
  Endpoints losers() const;

 private:
  struct State;

  static Task<> attempt(std::shared_ptr<State> state, std::size_t place);
  std::expected<Socket, error_code> result();

  const std::shared_ptr<State> state_;
};

}  // namespace osproxy
