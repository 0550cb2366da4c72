#include "osproxy/proxy/exchange_watch.h"

#include <algorithm>
#include <chrono>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// Between two looks at one exchange: each costs a system call.
constexpr auto kInterval = 500ms;

}  // namespace

void ExchangeWatch::look() {
  if (stages_ != nullptr) stages_->turn_on_late();
  if (!has_ended()) cause_ = find_cause();
  if (!has_ended()) {
    next_look_.expire_after(kInterval);
    return;
  }
  client_.cancel();
  if (upstream_ != nullptr) upstream_->cancel();
  // An operation that had just completed is followed by another one: the next tick ends that.
  next_look_.expire_after(0ms);
}

http::ProxyError ExchangeWatch::find_cause() {
  if (options_.request_timeout.count() > 0 && deadlines_.now() >= limit()) {
    return http::ProxyError::ExchangeTimeout;
  }
  if (has_left()) return http::ProxyError::ClientGone;
  if (sends_too_slowly()) return http::ProxyError::RequestTimeout;
  return takes_too_slowly() ? http::ProxyError::ClientTooSlow : http::ProxyError::None;
}

bool ExchangeWatch::has_left() {
  switch (client_.peer_state()) {
    case PeerState::Open:
      return false;
    case PeerState::Reset:
      return true;
    case PeerState::HalfClosed:
      break;
  }
  // The end of an upload that is not whole is the upload's to find, behind the bytes before it.
  if (!result_.request_received) return false;
  // As long as the response moves, writing it tells whether the client is there.
  if (!half_closed_ || half_closed_->bytes != result_.response_bytes) {
    half_closed_ = {.since = deadlines_.now(), .bytes = result_.response_bytes};
  }
  return !waits_for_reader_ &&
         deadlines_.now() - half_closed_->since >= options_.half_close_timeout;
}

bool ExchangeWatch::sends_too_slowly() {
  if (!waits_for_request_ || result_.status != 0) {
    sent_.reset();
    return false;
  }
  return is_below_rate(sent_, result_.request_bytes);
}

bool ExchangeWatch::takes_too_slowly() {
  if (!waits_for_reader_) {
    taken_.reset();
    acknowledged_.reset();
    return false;
  }
  const std::uint64_t bytes = acknowledged_bytes(client_.socket().native_handle());
  if (!acknowledged_ || acknowledged_->bytes != bytes) {
    acknowledged_ = {.since = deadlines_.now(), .bytes = bytes};
  }
  const std::chrono::milliseconds patience =
      others_wait_
          ? std::min<std::chrono::milliseconds>(options_.transfer_timeout, kStallWhileOthersWait)
          : options_.transfer_timeout;
  return deadlines_.now() - acknowledged_->since >= patience || is_below_rate(taken_, bytes);
}

/// Compares `bytes` with those of kRateGrace ago.
bool ExchangeWatch::is_below_rate(std::optional<Window>& window, std::uint64_t bytes) const {
  if (options_.min_client_rate == 0) return false;
  const Time now = deadlines_.now();
  if (window && now - window->since < kRateGrace) return false;
  const auto least = [&] {
    const auto seconds = std::chrono::duration<double>(now - window->since).count();
    return static_cast<double>(options_.min_client_rate) * seconds;
  };
  const bool is_below = window && static_cast<double>(bytes - window->bytes) < least();
  window = {.since = now, .bytes = bytes};
  return is_below;
}

}  // namespace osproxy
