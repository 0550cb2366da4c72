// Ends an exchange from outside: at its time limit, when its client has left, or when its client is
// too slow. It cancels what the exchange waits for, on either connection, and says why.
//
//   ExchangeWatch watch(options, deadlines, client, result, pool.others_wait());
//   watch.start();
//   watch.set_upstream(&upstream);            // from here on this one is ended too
//   result.error = watch.cause_or(http::ProxyError::UpstreamClosed);
//
// An exchange that waits for its node reads nothing from its client, so nothing else would tell
// that the client has left. OpenSearch cancels a search when its connection closes.
//
// The client has left
// - if its connection was reset,
// - or if it has closed its side, is owed the rest of a response, and half_close_timeout has passed
//   without a byte of that. A client that only ends its side (shutdown(SHUT_WR)) and one that
//   closes its connection look the same, until something is written to them; OpenSearch itself
//   gives neither a response.
// The end of a client that has pipelined more than the kernel's buffers hold cannot be seen: TCP
// delivers it after the bytes before it.
//
// The client is too slow
// - if it takes none of the response for transfer_timeout, or for kStallWhileOthersWait if all
//   nodes are full and others wait for one, by the bytes that it has acknowledged: the kernel
//   accepts bytes for a slow client in lumps that are minutes apart,
// - or if, after the first kRateGrace, it sends or takes fewer bytes than min_client_rate while the
//   exchange waits for it. (Upload and response are measured each by itself. An upload whose
//   response has begun is a dialog, and is not measured.)
//
// Everything is looked at when a tick finds the exchange still under way, so that a request that
// takes less than a tick costs no system call. Belongs to its worker; what it refers to must
// outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "osproxy/http/error_response.h"
#include "osproxy/net/connection.h"
#include "osproxy/net/deadlines.h"
#include "osproxy/proxy/exchange_options.h"
#include "osproxy/proxy/exchange_result.h"
#include "osproxy/record/stage_timer.h"

namespace osproxy {

/// Members: what it watches, and what it saw at earlier looks.
class ExchangeWatch {
 public:
  /// As long as this, a client may be as slow as it likes: a connection needs time to get going.
  static constexpr std::chrono::seconds kRateGrace{20};

  /// A pause of a client's garbage collector ends before that.
  static constexpr std::chrono::seconds kStallWhileOthersWait{4};

  ExchangeWatch(const ExchangeOptions& options, Deadlines& deadlines, Connection& client,
                const ExchangeResult& result, const bool& others_wait)
      : options_(options),
        deadlines_(deadlines),
        client_(client),
        result_(result),
        others_wait_(others_wait),
        next_look_(deadlines, [this] { look(); }) {}
  ExchangeWatch(const ExchangeWatch&) = delete;
  ExchangeWatch& operator=(const ExchangeWatch&) = delete;

  void start() noexcept {
    started_ = deadlines_.now();
    next_look_.expire_after(std::chrono::milliseconds(0));  // at the next tick
  }
  void stop() noexcept { next_look_.clear(); }

  SteadyClock::time_point now() const noexcept { return deadlines_.now(); }

  /// The time limit; good if the options have one.
  SteadyClock::time_point limit() const noexcept { return started_ + options_.request_timeout; }

  /// The node's connection, or null while there is none.
  void set_upstream(Connection* upstream) noexcept { upstream_ = upstream; }

  /// Is turned on when the exchange turns out to be slow; null: is not.
  void set_stages(StageTimer* stages) noexcept { stages_ = stages; }

  // The exchange waits for its client from here, or no longer.
  void set_waits_for_request(bool waits) noexcept { waits_for_request_ = waits; }
  void set_waits_for_reader(bool waits) noexcept { waits_for_reader_ = waits; }

  bool has_ended() const noexcept { return cause_ != http::ProxyError::None; }

  /// The reason why something ended: the watch's if it has ended the exchange, else `error`.
  http::ProxyError cause_or(http::ProxyError error) const noexcept {
    return has_ended() ? cause_ : error;
  }

 private:
  using Time = SteadyClock::time_point;

  /// The bytes that were moved since a point of time.
  struct Window {
    Time since;
    std::uint64_t bytes;
  };

  void look();
  http::ProxyError find_cause();
  bool has_left();
  bool sends_too_slowly();
  bool takes_too_slowly();
  bool is_below_rate(std::optional<Window>& window, std::uint64_t bytes) const;

  const ExchangeOptions& options_;
  Deadlines& deadlines_;
  Connection& client_;
  const ExchangeResult& result_;
  const bool& others_wait_;
  Connection* upstream_ = nullptr;
  StageTimer* stages_ = nullptr;
  Time started_{};
  http::ProxyError cause_ = http::ProxyError::None;
  bool waits_for_request_ = false;
  bool waits_for_reader_ = false;

  // As of earlier looks; nullopt: the exchange did not wait for that.
  std::optional<Window> half_closed_;   // response bytes since the client closed its side
  std::optional<Window> sent_;          // request bytes
  std::optional<Window> taken_;         // acknowledged bytes, for the rate
  std::optional<Window> acknowledged_;  // acknowledged bytes, since they last grew

  Deadline next_look_;
};

}  // namespace osproxy
