#include "osproxy/etcd/ack_machine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/rfc3339.h"

namespace osproxy::etcd {
namespace {

using std::chrono::nanoseconds;

// A run that has died leaves its key for one ttl, and for another if etcd changes its leader in the
// meantime. Whoever is still there after that is alive.
constexpr int kLivesOfADeadRun = 2;

}  // namespace

AckMachine::AckMachine(AckMachineOptions options, Random random)
    : options_(std::move(options)),
      random_(random),
      backoff_(options_.backoff, Random(random_.next())),
      turn_(random_.below(options_.endpoints.size())) {
  assert(!options_.endpoints.empty());
}

AckActions AckMachine::resume(AckEvent event, BootTime now) {
  if (phase_ == Phase::Stopped) return {};
  assert(now >= now_);
  now_ = now;
  std::visit([this]<class T>(T&& e) { handle(std::forward<T>(e)); }, std::move(event));
  check_timers();
  return std::exchange(actions_, {});
}

void AckMachine::handle(Stop) {
  // Without a connection the key goes with its lease: a stop does not wait for an etcd that is
  // away.
  if (!lease_ || phase_ == Phase::Waiting || phase_ == Phase::Idle) return finish();
  const CallId call = begin(Phase::Revoking);
  deadline_ = now_ + options_.revoke_timeout;
  actions_.emplace_back(
      RevokeLease{.call = call, .lease = lease_->id, .timeout = options_.revoke_timeout});
}

void AckMachine::handle(AckReport&& report) {
  wanted_ = std::move(report.facts);
  schedule_write();
}

void AckMachine::handle(ReadDone&& response) {
  if (!is_awaited(response.call, Phase::Looking)) return;
  take_key(response.mod_revision, response.value);
  if (held_) return;
  actions_.emplace_back(
      CountFleet{.call = begin(Phase::Counting), .timeout = options_.call_timeout});
}

void AckMachine::handle(ListDone&& response) {
  if (!is_awaited(response.call, Phase::Counting)) return;
  phase_ = Phase::Resting;
  mark_healthy();
  // By a half at most: when all keys are gone at once, so that all are to be written again, the
  // window must still be that of the whole fleet.
  counters_.members = std::max({std::int64_t{1}, response.count, counters_.members / 2});
  poll_at_ = now_ + jittered(options_.check_interval);
  schedule_write();
}

void AckMachine::handle(GrantDone&& response) {
  if (!is_awaited(response.call, Phase::Granting)) return;
  lease_ = Lease{.id = response.lease, .ttl = response.ttl};
  schedule_keep();
  write();
}

void AckMachine::handle(KeptAlive&& response) {
  if (!is_awaited(response.call, Phase::Keeping)) return;
  phase_ = Phase::Resting;
  mark_healthy();
  if (response.ttl <= response.ttl.zero()) return lose_lease();
  lease_->ttl = response.ttl;
  schedule_keep();
}

void AckMachine::handle(WriteDone&& response) {
  if (!is_awaited(response.call, Phase::Writing)) return;
  phase_ = Phase::Resting;
  written_at_ = now_;
  write_at_.reset();
  if (!response.succeeded) {
    take_key(response.mod_revision, response.value);
    return schedule_write();
  }
  own_ = response.mod_revision;
  written_ = std::move(writing_);
  refused_.reset();
  ++counters_.written;
  mark_healthy();
  schedule_write();
}

void AckMachine::handle(Revoked&& response) {
  if (is_awaited(response.call, Phase::Revoking)) finish();
}

void AckMachine::handle(CallFailed&& failed) {
  if (failed.call != call_) return;  // of a call that is no longer waited for
  if (phase_ == Phase::Revoking) return finish();
  ++counters_.failed;
  if (failed.failure.kind == FailureKind::NoLease) {
    phase_ = Phase::Resting;
    return lose_lease();
  }
  if (failed.failure.kind == FailureKind::Permission) return be_refused(std::move(failed.failure));
  lose_connection(std::move(failed.failure));
}

void AckMachine::open_connection() {
  actions_.emplace_back(OpenConnection{turn_ % options_.endpoints.size()});
  phase_ = Phase::Resting;
  // The lease first, before it is over; then the key: a write may have been carried out without our
  // having heard of it.
  keep_at_ = now_;
  poll_at_ = now_;
  write_at_.reset();  // chosen anew once the fleet has been counted
}

void AckMachine::lose_connection(Failure failure) {
  // That write may still be carried out, after the key is looked at: one more makes its condition
  // fail.
  if (phase_ == Phase::Writing) written_.reset();
  reason_ = describe(endpoint(), failure);
  drop_connection();
  backoff_.unhealthy();
  ++turn_;
  phase_ = Phase::Waiting;
  deadline_ = now_ + backoff_.next();
}

/// No endpoint will have another response. The lease is left to end, and with it what may be there.
void AckMachine::be_refused(Failure failure) {
  refused_ = describe(endpoint(), failure);
  drop_connection();
  lease_.reset();
  forget_key();
  phase_ = Phase::Waiting;
  deadline_ = now_ + jittered(options_.refused_interval);
}

void AckMachine::drop_connection() {
  actions_.emplace_back(CloseConnection{});
  call_ = CallId{};
}

void AckMachine::mark_healthy() {
  reason_.clear();
  backoff_.healthy(now_);
}

void AckMachine::finish() {
  drop_connection();
  phase_ = Phase::Stopped;
}

void AckMachine::check_timers() {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return;
    case Phase::Waiting:
      if (now_ < deadline_) return;
      open_connection();
      return do_what_is_due();
    case Phase::Resting:
      return do_what_is_due();
    case Phase::Looking:
    case Phase::Counting:
    case Phase::Granting:
    case Phase::Writing:
    case Phase::Keeping:
      if (now_ < deadline_) return;
      ++counters_.failed;
      return lose_connection({FailureKind::Silent, {}});
    case Phase::Revoking:
      if (now_ >= deadline_) finish();
      return;
  }
  std::unreachable();
}

void AckMachine::do_what_is_due() {
  if (lease_ && now_ >= keep_at_) return keep();
  if (now_ >= poll_at_) return poll();
  if (!write_at_ || now_ < *write_at_) return;
  if (wanted_ == written_) {
    write_at_.reset();  // it has changed back
  } else if (lease_) {
    write();
  } else {
    actions_.emplace_back(GrantLease{
        .call = begin(Phase::Granting), .ttl = options_.ttl, .timeout = options_.call_timeout});
  }
}

CallId AckMachine::begin(Phase phase) {
  phase_ = phase;
  started_ = now_;
  deadline_ = now_ + options_.call_timeout;
  call_ = CallId{++last_call_};
  return call_;
}

void AckMachine::poll() {
  actions_.emplace_back(ReadAck{.call = begin(Phase::Looking), .timeout = options_.call_timeout});
}

void AckMachine::write() {
  writing_ = *wanted_;
  actions_.emplace_back(WriteAck{.call = begin(Phase::Writing),
                                 .facts = writing_,
                                 .expected = own_,
                                 .lease = lease_->id,
                                 .timeout = options_.call_timeout});
}

void AckMachine::keep() {
  actions_.emplace_back(KeepLease{
      .call = begin(Phase::Keeping), .lease = lease_->id, .timeout = options_.call_timeout});
}

/// What stands in our key now: nothing, ours, or another's.
void AckMachine::take_key(Revision mod_revision, std::string_view value) {
  if (mod_revision == 0) {
    held_.reset();
    return forget_key();
  }
  const auto ack = decode_ack(value);
  if (!ack) return wait_for_owner(fmt::format("something that is no ack ({})", ack.error()));
  if (ack->instance != options_.instance || ack->started != options_.started) {
    return wait_for_owner(
        fmt::format("an osproxy of this name that was started {}", format_rfc3339(ack->started)));
  }
  held_.reset();
  if (mod_revision == own_) return;
  own_ = mod_revision;
  written_.reset();  // which of our writes it is cannot be told: the next one settles it
}

void AckMachine::wait_for_owner(std::string by) {
  const BootTime since = held_ ? held_->since : now_;
  held_ = Held{.since = since, .by = std::move(by)};
  forget_key();
  lease_.reset();
  write_at_.reset();
  phase_ = Phase::Resting;
  poll_at_ = now_ + jittered(is_name_taken() ? options_.check_interval : options_.ttl / 3);
}

bool AckMachine::is_name_taken() const {
  return held_ && now_ >= held_->since + kLivesOfADeadRun * options_.ttl;
}

void AckMachine::schedule_write() {
  if (!wanted_ || held_ || write_at_ || wanted_ == written_) return;
  const auto window = std::min(options_.window_max, options_.window_per_member * counters_.members);
  write_at_ = now_ + random_below(window);
  if (written_at_) write_at_ = std::max(*write_at_, *written_at_ + options_.write_interval);
}

/// Counted from the start of the call: the lease may have been renewed just then.
void AckMachine::schedule_keep() { keep_at_ = started_ + jittered(lease_->ttl / 3); }

void AckMachine::lose_lease() {
  ++counters_.leases_lost;
  lease_.reset();
  forget_key();
  poll_at_ = now_;
  write_at_.reset();  // chosen anew: all of the fleet may have lost theirs at once
}

void AckMachine::forget_key() {
  own_ = 0;
  written_.reset();
}

nanoseconds AckMachine::jittered(nanoseconds interval) {
  return interval - random_below(interval / 5);
}

nanoseconds AckMachine::random_below(nanoseconds bound) {
  const auto below = random_.below(static_cast<std::uint64_t>(bound.count()));
  return nanoseconds{static_cast<std::int64_t>(below)};
}

std::optional<BootTime> AckMachine::wake_at() const {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return std::nullopt;
    case Phase::Resting: {
      BootTime at = poll_at_;
      if (lease_) at = std::min(at, keep_at_);
      if (write_at_) at = std::min(at, *write_at_);
      return at;
    }
    case Phase::Waiting:
    case Phase::Looking:
    case Phase::Counting:
    case Phase::Granting:
    case Phase::Writing:
    case Phase::Keeping:
    case Phase::Revoking:
      return deadline_;
  }
  std::unreachable();
}

bool AckMachine::awaits_response() const {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
    case Phase::Waiting:
    case Phase::Resting:
      return false;
    case Phase::Looking:
    case Phase::Counting:
    case Phase::Granting:
    case Phase::Writing:
    case Phase::Keeping:
    case Phase::Revoking:
      return true;
  }
  std::unreachable();
}

AckStatus AckMachine::status() const {
  if (refused_) return {AckState::NotPermitted, *refused_};
  if (!reason_.empty()) return {AckState::Failing, reason_};
  if (is_name_taken()) {
    return {AckState::NameTaken,
            fmt::format("its key holds {}, which goes on: give each instance its own --instance",
                        held_->by)};
  }
  if (held_) {
    return {AckState::Pending,
            fmt::format("its key holds {}: waiting for the end of that one's lease", held_->by)};
  }
  if (own_ != 0 && written_ == wanted_) return {AckState::Written, {}};
  return {AckState::Pending, "about to be written"};
}

}  // namespace osproxy::etcd
