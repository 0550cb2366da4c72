#include "osproxy/etcd/watch_machine.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace osproxy::etcd {
namespace {

// A watch that was repaired once, and breaks again before it has brought a change, is not repaired
// on this connection: the machine asks another endpoint, after a delay. So it leaves a member whose
// watches bring nothing, and does not loop on one that cancels every watch at once.
constexpr int kMaxRepairsOnOneConnection = 1;

std::vector<std::size_t> shuffled(std::size_t count, Random& random) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  return order;
}

}  // namespace

WatchMachine::WatchMachine(WatchMachineOptions options, Random random)
    : options_(std::move(options)),
      random_(random),
      backoff_(options_.backoff, Random(random_.next())),
      endpoints_{.order = shuffled(options_.endpoints.size(), random_),
                 .failures = std::vector<std::optional<Failure>>(options_.endpoints.size())} {
  assert(!options_.endpoints.empty());
}

WatchMachine::Actions WatchMachine::resume(Event event, Now now) {
  if (phase_ == Phase::Stopped) return {};
  assert(now.boot >= now_);
  now_ = now.boot;
  std::visit([this]<class T>(T&& e) { handle(std::forward<T>(e)); }, std::move(event));
  check_timers();
  update_status();
  return std::exchange(actions_, {});
}

void WatchMachine::handle(Start) {
  assert(phase_ == Phase::Idle);
  open_connection();
}

void WatchMachine::handle(Stop) {
  calls_ = {};
  actions_.emplace_back(CloseConnection{});
  phase_ = Phase::Stopped;
}

void WatchMachine::handle(ReadDone&& response) {
  if (calls_.read && response.call == calls_.read->call) {
    return phase_ == Phase::ReadingRevision ? finish_revision_read(std::move(response))
                                            : finish_read(std::move(response));
  }
  if (calls_.proof && response.call == calls_.proof->call) return finish_proof(response);
  // Else it belongs to a call that the machine no longer waits for.
}

void WatchMachine::handle(WatchResponse&& response) {
  if (response.call != calls_.watch) return;
  // Before anything else: a refused watch says `created` and `canceled` at once (W4).
  if (response.canceled) return watch_cancelled(response);
  if (response.header.cluster_id != 0 && held_->cluster_id != 0 &&
      response.header.cluster_id != held_->cluster_id) {
    return lose_connection({FailureKind::OtherCluster, "the watch is another cluster's"});
  }
  if (response.created && phase_ == Phase::Opening) {
    phase_ = Phase::Watching;
    schedule_proof(*status_.verified_at);
  }
  take_events(std::move(response));
}

void WatchMachine::handle(CallFailed&& failed) {
  if (calls_.read && failed.call == calls_.read->call) {
    if (phase_ == Phase::Reading && failed.failure.kind == FailureKind::TooLarge) {
      return start_read(Phase::ReadingRevision);
    }
    return lose_connection(std::move(failed.failure));
  }
  if (failed.call == calls_.watch) {
    if (failed.failure.kind == FailureKind::NoLeader) count(CancelClass::NoLeader);
    if (failed.failure.kind == FailureKind::TooLarge) return read_again(std::move(failed.failure));
    return lose_connection(std::move(failed.failure));
  }
  if (calls_.proof && failed.call == calls_.proof->call) lose_connection(std::move(failed.failure));
}

void WatchMachine::open_connection() {
  actions_.emplace_back(OpenConnection{endpoints_.current()});
  start_read(Phase::Reading);
}

void WatchMachine::lose_connection(Failure failure) {
  explain(failure);
  endpoints_.failures[endpoints_.current()] = std::move(failure);
  calls_ = {};
  actions_.emplace_back(CloseConnection{});
  ++status_.counters.reconnects;
  backoff_.unhealthy();
  ++endpoints_.turn;
  connection_ = {};
  phase_ = Phase::BackingOff;
  deadline_ = now_ + backoff_.next();
}

/// The connection works, the watch does not: reads and watches again, at once.
void WatchMachine::read_again(Failure failure) {
  if (++connection_.repairs > kMaxRepairsOnOneConnection) {
    return lose_connection(std::move(failure));
  }
  explain(failure);
  if (calls_.watch) actions_.emplace_back(CancelCall{*calls_.watch});
  if (calls_.proof) actions_.emplace_back(CancelCall{calls_.proof->call});
  calls_ = {};
  start_read(Phase::Reading);
}

void WatchMachine::check_timers() {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return;
    case Phase::BackingOff:
      if (now_ >= deadline_) open_connection();
      return;
    case Phase::Reading:
    case Phase::ReadingRevision:
    case Phase::Opening:
      if (now_ >= deadline_) lose_connection({FailureKind::Silent, {}});
      return;
    case Phase::Watching:
      return check_watching();
  }
  std::unreachable();
}

void WatchMachine::check_watching() {
  if (calls_.proof && now_ >= calls_.proof->started + options_.proof_timeout) {
    return lose_connection({FailureKind::Silent, {}});
  }
  if (calls_.catch_up && now_ >= calls_.catch_up->deadline) {
    ++status_.counters.broken_watches;
    return read_again({FailureKind::WatchLost,
                       fmt::format("it did not bring a change that a read at revision {} had seen",
                                   calls_.catch_up->revision)});
  }
  if (!calls_.proof && !calls_.catch_up && now_ >= deadline_) start_proof();
}

std::optional<BootTime> WatchMachine::wake_at() const {
  std::optional<BootTime> at;
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return std::nullopt;
    case Phase::BackingOff:
    case Phase::Reading:
    case Phase::ReadingRevision:
    case Phase::Opening:
      at = deadline_;
      break;
    case Phase::Watching:
      at = calls_.proof      ? calls_.proof->started + options_.proof_timeout
           : calls_.catch_up ? calls_.catch_up->deadline
                             : deadline_;
      break;
  }
  if (status_.state == StoreState::Suspect) {
    at = std::min(*at, *status_.verified_at + options_.stale_after);
  }
  return at;
}

void WatchMachine::explain(const Failure& failure) {
  reason_ = describe(options_.endpoints[endpoints_.current()], failure);
}

void WatchMachine::update_status() {
  if (!held_ || (phase_ == Phase::Opening && reason_.empty())) {
    // Nothing has failed: etcd has only not confirmed the first watch yet.
    status_.state = StoreState::Connecting;
  } else if (phase_ == Phase::Watching) {
    status_.state = StoreState::Synced;
  } else if (now_ - *status_.verified_at >= options_.stale_after) {
    status_.state = StoreState::Stale;
  } else {
    status_.state = StoreState::Suspect;
  }
  status_.reason = status_.state == StoreState::Synced ? std::string{} : reason_;
  status_.revision = held_ ? held_->mod_revision : 0;
  status_.seen = held_ ? held_->seen : 0;
  status_.cluster_id = held_ ? held_->cluster_id : 0;
}

}  // namespace osproxy::etcd
