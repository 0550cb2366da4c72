#include "osproxy/etcd/etcd_store_status.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace osproxy::etcd {

using std::chrono::nanoseconds;

EtcdStoreStatus::EtcdStoreStatus(const EtcdStoreOptions& options,
                                 const std::vector<std::string>& endpoints, const Clock& clock,
                                 const std::string& resumed)
    : options_(options), endpoints_(endpoints), clock_(clock), resumed_(resumed) {
  state_.status.since = clock.now().wall;
  state_.failures.resize(endpoints.size());
}

EtcdStoreStatus::Published EtcdStoreStatus::publish(State state) {
  Published published;
  {
    const std::lock_guard lock(mutex_);
    const StoreStatus& before = state_.status;
    state.status.since = state.status.state == before.state ? before.since : clock_.now().wall;
    published = {.status = state.status, .has_changed = state.status != before};
    state_ = std::move(state);
  }
  changed_.notify_all();
  return published;
}

std::optional<EtcdError> EtcdStoreStatus::await_start() const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, options_.cancel, options_.connect_timeout, [this] {
    return (state_.status.state == StoreState::Synced && !state_.holding) || is_hopeless();
  });
  if (options_.cancel.stop_requested()) {
    return EtcdError{EtcdError::Kind::Cancelled, fmt::format("cancelled: {}", describe_failures())};
  }
  // One read is enough: the machine goes on trying to start its watch.
  if (state_.verified_at || !resumed_.empty()) return std::nullopt;
  std::string message = describe_failures();
  if (options_.start == StartPolicy::LastGood) message += "; " + describe_no_last_good();
  return EtcdError{EtcdError::Kind::Unreachable, std::move(message)};
}

bool EtcdStoreStatus::wait_for_revision(std::int64_t revision,
                                        std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return state_.seen >= revision; });
}

StoreStatus EtcdStoreStatus::status() const {
  const std::lock_guard lock(mutex_);
  StoreStatus status = state_.status;
  if (!state_.verified_at) return status;
  const Now now = clock_.now();
  const auto age = std::max(nanoseconds{0}, now.boot - *state_.verified_at);
  status.verified_age = age;
  // The store's thread is late with this state: the computer slept, or a callback takes too long.
  if (status.state == StoreState::Synced && age >= options_.stale_after) {
    status.state = StoreState::Stale;
    status.reason = "no proof for longer than the bound; the store's thread is late";
    status.since = now.wall - (age - options_.stale_after);
  }
  return status;
}

EtcdStoreCounters EtcdStoreStatus::counters() const {
  const std::lock_guard lock(mutex_);
  return state_.counters;
}

/// True if every endpoint has failed in a way that only a person can repair. Called under mutex_.
bool EtcdStoreStatus::is_hopeless() const {
  return std::ranges::all_of(state_.failures, [](const auto& failure) {
    return failure && !may_pass_by_itself(failure->kind);
  });
}

/// Called under mutex_.
std::string EtcdStoreStatus::describe_no_last_good() const {
  if (!state_.status.warnings.empty()) return state_.status.warnings.front();
  return fmt::format("no last good set has been saved in {} yet", options_.state_dir.string());
}

/// Called under mutex_.
std::string EtcdStoreStatus::describe_failures() const {
  std::string text = fmt::format("cannot read \"{}\" from etcd", options_.target.key);
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    const Failure silent{FailureKind::Silent, {}};
    text += i == 0 ? ": " : "; ";
    text += describe(endpoints_[i], state_.failures[i].value_or(silent));
  }
  return text;
}

}  // namespace osproxy::etcd
