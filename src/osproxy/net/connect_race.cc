#include "osproxy/net/connect_race.h"

#include <cassert>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace osproxy {

using asio::ip::tcp;

struct ConnectRace::State {
  struct Attempt {
    tcp::endpoint address;
    Socket socket;
    error_code error{};
    bool begun = false;
    bool ended = false;
  };

  explicit State(const Executor& executor) : timer(executor) {}

  /// Until an attempt has ended, or `delay` is over.
  Task<> sleep(std::optional<std::chrono::milliseconds> delay) {
    if (!news) {
      if (delay) {
        timer.expires_after(*delay);
      } else {
        timer.expires_at(SteadyClock::time_point::max());
      }
      co_await timer.async_wait(kAsTask);
    }
    news = false;
  }

  void wake() {
    news = true;
    timer.cancel();
  }

  bool is_over() const noexcept { return cancelled || winner.has_value(); }

  Timer timer;
  std::vector<Attempt> attempts{};
  std::size_t pending = 0;
  std::optional<std::size_t> winner{};
  bool cancelled = false;
  bool news = false;  // an attempt has ended, and run() has not seen it
};

bool is_local_failure(const error_code& error) noexcept {
  if (error.category() != asio::error::get_system_category()) return false;
  switch (error.value()) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:  // no local port is free
    case EACCES:
    case EPERM:  // a rule of this host's firewall
      return true;
    default:
      return false;
  }
}

ConnectRace::ConnectRace(Executor executor, Endpoints addresses)
    : state_(std::make_shared<State>(executor)) {
  state_->attempts.reserve(addresses.size());
  for (tcp::endpoint& address : addresses) {
    state_->attempts.push_back({.address = std::move(address), .socket = Socket(executor)});
  }
}

ConnectRace::~ConnectRace() { cancel(); }

Task<std::expected<Socket, error_code>> ConnectRace::run() {
  State& state = *state_;
  std::size_t next = 0;
  while (!state.is_over()) {
    if (next < state.attempts.size()) {
      ++state.pending;
      state.attempts[next].begun = true;
      asio::co_spawn(state.timer.get_executor(), attempt(state_, next++), asio::detached);
    }
    const bool is_last = next == state.attempts.size();
    if (is_last && state.pending == 0) break;
    co_await state.sleep(is_last ? std::nullopt : std::optional(kAttemptDelay));
  }
  co_return result();
}

/// The state is a parameter, so that the frame owns it.
Task<> ConnectRace::attempt(std::shared_ptr<State> state, std::size_t place) {
  State::Attempt& own = state->attempts[place];
  if (!state->is_over()) own.socket.open(own.address.protocol(), own.error);
  if (!own.error && !state->is_over()) {
    const auto [error] = co_await own.socket.async_connect(own.address, kAsTask);
    own.error = error;
    if (!error && !state->is_over()) state->winner = place;
  }
  own.ended = true;
  --state->pending;
  state->wake();
}

std::expected<Socket, error_code> ConnectRace::result() {
  if (state_->winner) {
    Socket socket = std::move(state_->attempts[*state_->winner].socket);
    cancel();
    return socket;
  }
  if (state_->cancelled) return std::unexpected(error_code(asio::error::timed_out));
  error_code last = asio::error::host_not_found;  // there was no address
  for (const State::Attempt& attempt : state_->attempts) {
    const bool is_worse = is_local_failure(attempt.error) && last &&
                          last != asio::error::host_not_found && !is_local_failure(last);
    if (!is_worse) last = attempt.error;
  }
  return std::unexpected(last);
}

void ConnectRace::cancel() noexcept {
  state_->cancelled = true;
  error_code ignored;
  for (State::Attempt& attempt : state_->attempts) {
    if (attempt.begun && !attempt.ended) attempt.socket.close(ignored);
  }
  state_->wake();
}

const tcp::endpoint& ConnectRace::winner() const noexcept {
  assert(state_->winner);
  return state_->attempts[*state_->winner].address;
}

Endpoints ConnectRace::losers() const {
  Endpoints addresses;
  bool only_local = true;
  for (std::size_t place = 0; place < state_->attempts.size(); ++place) {
    const State::Attempt& attempt = state_->attempts[place];
    if (!attempt.begun || place == state_->winner) continue;
    if (state_->winner && place > *state_->winner) continue;  // it had less time
    only_local = only_local && attempt.ended && is_local_failure(attempt.error);
    addresses.push_back(attempt.address);
  }
  if (only_local) addresses.clear();
  return addresses;
}

}  // namespace osproxy
