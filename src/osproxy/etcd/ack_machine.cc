#include "osproxy/etcd/ack_machine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/format.h>

#include "osproxy/etcd/random_time.h"

namespace osproxy::etcd {
namespace {

// The key of a run that has died stays for one ttl, and for another one if etcd elects a new leader
// in the meantime, which renews each lease. A key that stays longer belongs to a live run.
constexpr int kLeasesOfADeadRun = 2;

}  // namespace

AckMachine::AckMachine(AckMachineOptions options, Random random)
    : options_(std::move(options)),
      random_(random),
      backoff_(options_.backoff, Random(random_.next())),
      turn_(random_.below(options_.endpoints.size())),
      key_(options_.instance, options_.started) {
  assert(!options_.endpoints.empty());
}

AckMachine::Actions AckMachine::resume(Event event, Now now) {
  if (phase_ == Phase::Stopped) return {};
  assert(now.boot >= now_);
  now_ = now.boot;
  std::visit([this]<class T>(T&& e) { handle(std::forward<T>(e)); }, std::move(event));
  check_timers();
  return std::exchange(actions_, {});
}

void AckMachine::handle(Stop) {
  // Without a connection nothing is revoked: the key goes when its lease ends, and a stop must not
  // wait for an etcd that cannot be reached.
  if (!lease_ || phase_ == Phase::BackingOff || phase_ == Phase::Idle) return finish();
  const CallId call = begin_call(Phase::Revoking);
  deadline_ = now_ + options_.revoke_timeout;
  actions_.emplace_back(
      RevokeLease{.call = call, .lease = lease_->id, .timeout = options_.revoke_timeout});
}

void AckMachine::handle(AckReport&& report) {
  facts_.wanted = std::move(report.facts);
  schedule_write();
}

void AckMachine::handle(ReadDone&& response) {
  if (is_awaited(response.call, Phase::Comparing)) {
    phase_ = Phase::Ready;
    mark_healthy();
    if (response.mod_revision != key_.revision()) schedule_.poll_at = now_;
    return;
  }
  if (!is_awaited(response.call, Phase::Reading)) return;
  take_key({.revision = response.mod_revision, .value = response.value, .lease = response.lease});
  if (key_.owner()) return;
  actions_.emplace_back(
      CountFleet{.call = begin_call(Phase::Counting), .timeout = options_.call_timeout});
}

void AckMachine::handle(ListDone&& response) {
  if (!is_awaited(response.call, Phase::Counting)) return;
  phase_ = Phase::Ready;
  mark_healthy();
  // It falls by a half at most: when all keys are gone at once, all instances write again, and the
  // window must still be large enough for the whole fleet.
  counters_.members = std::max({std::int64_t{1}, response.count, counters_.members / 2});
  schedule_.poll_at = now_ + jittered(random_, options_.check_interval);
  schedule_write();
}

void AckMachine::handle(GrantDone&& response) {
  if (!is_awaited(response.call, Phase::Granting)) return;
  lease_ = Lease{.id = response.lease, .ttl = response.ttl, .keep_alive_at = now_};
  schedule_keep_alive();
  write();
}

void AckMachine::handle(KeptAlive&& response) {
  if (!is_awaited(response.call, Phase::KeepingAlive)) return;
  phase_ = Phase::Ready;
  mark_healthy();
  if (response.ttl <= response.ttl.zero()) return lose_lease();
  lease_->ttl = response.ttl;
  schedule_keep_alive();
  if (key_.revision() != 0 && now_ < schedule_.poll_at) compare_revision();
}

void AckMachine::handle(WriteDone&& response) {
  if (!is_awaited(response.call, Phase::Writing)) return;
  phase_ = Phase::Ready;
  schedule_.last_write = now_;
  schedule_.write_at.reset();
  if (!response.succeeded) {
    take_key({.revision = response.mod_revision, .value = response.value, .lease = response.lease});
    return schedule_write();
  }
  key_.written(response.mod_revision, std::move(facts_.writing));
  troubles_.refused.reset();
  ++counters_.written;
  mark_healthy();
  schedule_write();
}

void AckMachine::handle(Revoked&& response) {
  if (is_awaited(response.call, Phase::Revoking)) finish();
}

void AckMachine::handle(CallFailed&& failed) {
  if (failed.call != call_.awaited) return;
  if (phase_ == Phase::Revoking) return finish();
  ++counters_.failed;
  if (failed.failure.kind == FailureKind::NoLease) {
    phase_ = Phase::Ready;
    return lose_lease();
  }
  if (failed.failure.kind == FailureKind::Permission) {
    return back_off_refused(std::move(failed.failure));
  }
  lose_connection(std::move(failed.failure));
}

void AckMachine::open_connection() {
  actions_.emplace_back(OpenConnection{turn_ % options_.endpoints.size()});
  phase_ = Phase::Ready;
  // The lease first, before it ends. Then the key: a write may have been carried out though its
  // response did not arrive.
  if (lease_) lease_->keep_alive_at = now_;
  schedule_.poll_at = now_;
  schedule_.write_at.reset();  // chosen again once the fleet has been counted
}

void AckMachine::lose_connection(Failure failure) {
  // The write may still be carried out, after the next read of the key. One more write makes its
  // condition fail.
  if (phase_ == Phase::Writing) key_.forget_facts();
  troubles_.reason = describe(endpoint(), failure);
  close_connection();
  backoff_.unhealthy();
  ++turn_;
  phase_ = Phase::BackingOff;
  deadline_ = now_ + backoff_.next();
}

/// Every endpoint would respond the same. The lease is left to end, and the key with it.
void AckMachine::back_off_refused(Failure failure) {
  troubles_.refused = describe(endpoint(), failure);
  close_connection();
  lease_.reset();
  key_.forget();
  phase_ = Phase::BackingOff;
  deadline_ = now_ + jittered(random_, options_.refused_interval);
}

void AckMachine::close_connection() {
  actions_.emplace_back(CloseConnection{});
  call_.awaited = CallId{};
}

void AckMachine::mark_healthy() {
  troubles_.reason.clear();
  backoff_.healthy(now_);
}

void AckMachine::finish() {
  close_connection();
  phase_ = Phase::Stopped;
}

void AckMachine::check_timers() {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return;
    case Phase::BackingOff:
      if (now_ < deadline_) return;
      open_connection();
      return start_due_call();
    case Phase::Ready:
      return start_due_call();
    case Phase::Reading:
    case Phase::Counting:
    case Phase::Granting:
    case Phase::Writing:
    case Phase::KeepingAlive:
    case Phase::Comparing:
      if (now_ < deadline_) return;
      ++counters_.failed;
      return lose_connection({FailureKind::Silent, {}});
    case Phase::Revoking:
      if (now_ >= deadline_) finish();
      return;
  }
  std::unreachable();
}

void AckMachine::start_due_call() {
  if (lease_ && now_ >= lease_->keep_alive_at) return keep_alive();
  if (now_ >= schedule_.poll_at) return poll();
  if (!schedule_.write_at || now_ < *schedule_.write_at) return;
  if (facts_.wanted == key_.facts()) {
    schedule_.write_at.reset();  // it has changed back
  } else if (lease_) {
    write();
  } else {
    actions_.emplace_back(GrantLease{.call = begin_call(Phase::Granting),
                                     .ttl = options_.ttl,
                                     .timeout = options_.call_timeout});
  }
}

CallId AckMachine::begin_call(Phase phase) {
  phase_ = phase;
  deadline_ = now_ + options_.call_timeout;
  call_ = {.awaited = CallId{call_.last + 1}, .last = call_.last + 1, .started = now_};
  return call_.awaited;
}

void AckMachine::poll() {
  actions_.emplace_back(
      ReadAck{.call = begin_call(Phase::Reading), .timeout = options_.call_timeout});
}

void AckMachine::write() {
  facts_.writing = *facts_.wanted;
  actions_.emplace_back(WriteAck{.call = begin_call(Phase::Writing),
                                 .facts = facts_.writing,
                                 .expected = key_.revision(),
                                 .lease = lease_->id,
                                 .timeout = options_.call_timeout});
}

void AckMachine::keep_alive() {
  actions_.emplace_back(KeepLeaseAlive{.call = begin_call(Phase::KeepingAlive),
                                       .lease = lease_->id,
                                       .timeout = options_.call_timeout});
}

/// Notices a key that somebody has deleted or overwritten. The poll that follows reads it.
void AckMachine::compare_revision() {
  actions_.emplace_back(ReadAck{
      .call = begin_call(Phase::Comparing), .keys_only = true, .timeout = options_.call_timeout});
}

void AckMachine::take_key(const AckKey::Content& content) {
  key_.found(content, now_);
  if (key_.owner()) wait_for_owner();
}

/// Reads the key until its owner is gone; the instance's own lease, if it has one, has no key.
void AckMachine::wait_for_owner() {
  lease_.reset();
  schedule_.write_at.reset();
  phase_ = Phase::Ready;
  schedule_.poll_at =
      now_ + jittered(random_, is_name_taken() ? options_.check_interval : options_.ttl / 3);
}

bool AckMachine::is_name_taken() const {
  return key_.owner() && now_ >= key_.owner()->since + kLeasesOfADeadRun * options_.ttl;
}

void AckMachine::schedule_write() {
  if (!facts_.wanted || facts_.wanted == key_.facts()) return;
  if (key_.owner() || schedule_.write_at) return;
  const auto window = std::min(options_.window_max, options_.window_per_member * counters_.members);
  schedule_.write_at = now_ + random_below(random_, window);
  if (schedule_.last_write)
    schedule_.write_at =
        std::max(*schedule_.write_at, *schedule_.last_write + options_.write_interval);
}

/// Counts from the start of the call: etcd may have renewed the lease at that moment.
void AckMachine::schedule_keep_alive() {
  lease_->keep_alive_at = call_.started + jittered(random_, lease_->ttl / 3);
}

void AckMachine::lose_lease() {
  ++counters_.leases_lost;
  lease_.reset();
  key_.forget();
  schedule_.poll_at = now_;
  schedule_.write_at.reset();  // chosen again: all of the fleet may have lost theirs at once
}

std::optional<BootTime> AckMachine::wake_at() const {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return std::nullopt;
    case Phase::Ready: {
      BootTime at = schedule_.poll_at;
      if (lease_) at = std::min(at, lease_->keep_alive_at);
      if (schedule_.write_at) at = std::min(at, *schedule_.write_at);
      return at;
    }
    case Phase::BackingOff:
    case Phase::Reading:
    case Phase::Counting:
    case Phase::Granting:
    case Phase::Writing:
    case Phase::KeepingAlive:
    case Phase::Comparing:
    case Phase::Revoking:
      return deadline_;
  }
  std::unreachable();
}

bool AckMachine::awaits_response() const {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
    case Phase::BackingOff:
    case Phase::Ready:
      return false;
    case Phase::Reading:
    case Phase::Counting:
    case Phase::Granting:
    case Phase::Writing:
    case Phase::KeepingAlive:
    case Phase::Comparing:
    case Phase::Revoking:
      return true;
  }
  std::unreachable();
}

AckStatus AckMachine::status() const {
  if (troubles_.refused) return {AckState::NotPermitted, *troubles_.refused};
  if (!troubles_.reason.empty()) return {AckState::Failing, troubles_.reason};
  if (is_name_taken()) {
    return {AckState::NameTaken,
            fmt::format("its key holds {}, which goes on: give each instance its own --instance",
                        key_.owner()->name)};
  }
  if (key_.owner()) {
    return {AckState::Pending,
            fmt::format("its key holds {}: waiting for the end of its lease", key_.owner()->name)};
  }
  if (key_.revision() != 0 && key_.facts() == facts_.wanted) return {AckState::Written, {}};
  return {AckState::Pending, "about to be written"};
}

}  // namespace osproxy::etcd
