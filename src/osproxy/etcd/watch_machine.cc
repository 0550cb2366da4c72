#include "osproxy/etcd/watch_machine.h"

#include <algorithm>
#include <cassert>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace osproxy::etcd {
namespace {

// A watch that has to be started again, and has brought nothing since, gets no second chance on the
// same connection: another endpoint is asked, after a delay. Leaves a member whose watches are
// deaf, and keeps one that cancels every watch from being asked as fast as it answers.
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
      order_(shuffled(options_.endpoints.size(), random_)),
      failures_(options_.endpoints.size()) {
  assert(!options_.endpoints.empty());
}

Actions WatchMachine::resume(Event event, BootTime now) {
  if (phase_ == Phase::Stopped) return {};
  assert(now >= now_);
  now_ = now;
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
  end_calls();
  actions_.emplace_back(CloseConnection{});
  phase_ = Phase::Stopped;
}

void WatchMachine::handle(ReadDone&& response) {
  if (read_ && response.call == read_->call) {
    return phase_ == Phase::Sizing ? finish_sizing(std::move(response))
                                   : finish_read(std::move(response));
  }
  if (proof_ && response.call == proof_->call) return finish_proof(response);
  // Else: of a call that we no longer wait for.
}

void WatchMachine::handle(WatchResponse&& response) {
  if (response.call != watch_) return;
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
  if (read_ && failed.call == read_->call) {
    if (phase_ == Phase::Reading && failed.failure.kind == FailureKind::TooLarge) {
      return start_read(Phase::Sizing);
    }
    return lose_connection(std::move(failed.failure));
  }
  if (failed.call == watch_) {
    if (failed.failure.kind == FailureKind::NoLeader) count(CancelClass::NoLeader);
    if (failed.failure.kind == FailureKind::TooLarge) return read_again(std::move(failed.failure));
    return lose_connection(std::move(failed.failure));
  }
  if (proof_ && failed.call == proof_->call) lose_connection(std::move(failed.failure));
}

void WatchMachine::open_connection() {
  repairs_ = 0;
  actions_.emplace_back(OpenConnection{endpoint()});
  start_read(Phase::Reading);
}

void WatchMachine::lose_connection(Failure failure) {
  explain(failure);
  failures_[endpoint()] = std::move(failure);
  end_calls();
  actions_.emplace_back(CloseConnection{});
  ++status_.counters.reconnects;
  backoff_.unhealthy();
  ++turn_;
  oversized_.reset();
  phase_ = Phase::Waiting;
  deadline_ = now_ + backoff_.next();
}

/// The connection is good, the watch is not: reads and watches anew, at once.
void WatchMachine::read_again(Failure failure) {
  if (++repairs_ > kMaxRepairsOnOneConnection) return lose_connection(std::move(failure));
  explain(failure);
  if (watch_) actions_.emplace_back(CancelCall{*watch_});
  if (proof_) actions_.emplace_back(CancelCall{proof_->call});
  end_calls();
  start_read(Phase::Reading);
}

/// Forgets what is under way; the caller cancels it or closes its connection.
void WatchMachine::end_calls() {
  read_.reset();
  watch_.reset();
  proof_.reset();
  catch_up_.reset();
  newest_.reset();
}

void WatchMachine::check_timers() {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return;
    case Phase::Waiting:
      if (now_ >= deadline_) open_connection();
      return;
    case Phase::Reading:
    case Phase::Sizing:
    case Phase::Opening:
      if (now_ >= deadline_) lose_connection({FailureKind::Silent, {}});
      return;
    case Phase::Watching:
      return check_watching();
  }
  std::unreachable();
}

void WatchMachine::check_watching() {
  if (proof_ && now_ >= proof_->started + options_.proof_timeout) {
    return lose_connection({FailureKind::Silent, {}});
  }
  if (catch_up_ && now_ >= catch_up_->deadline) {
    ++status_.counters.broken_watches;
    return read_again(
        {FailureKind::WatchLost,
         fmt::format("it did not bring what a read at revision {} had seen", catch_up_->revision)});
  }
  if (!proof_ && !catch_up_ && now_ >= deadline_) start_proof();
}

std::optional<BootTime> WatchMachine::wake_at() const {
  std::optional<BootTime> at;
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return std::nullopt;
    case Phase::Waiting:
    case Phase::Reading:
    case Phase::Sizing:
    case Phase::Opening:
      at = deadline_;
      break;
    case Phase::Watching:
      at = proof_      ? proof_->started + options_.proof_timeout
           : catch_up_ ? catch_up_->deadline
                       : deadline_;
      break;
  }
  if (status_.state == StoreState::Suspect) {
    at = std::min(*at, *status_.verified_at + options_.stale_after);
  }
  return at;
}

void WatchMachine::explain(const Failure& failure) {
  reason_ = describe(options_.endpoints[endpoint()], failure);
}

void WatchMachine::update_status() {
  if (!held_ || (phase_ == Phase::Opening && reason_.empty())) {
    // Nothing has gone wrong: the first watch is just not confirmed yet.
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
