// The part of the watch machine that starts reads and watches, and takes their responses.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/hash.h"
#include "osproxy/etcd/random_time.h"
#include "osproxy/etcd/watch_machine.h"

namespace osproxy::etcd {
namespace {

CancelClass classify(const WatchResponse& response) {
  const auto says = [&](std::string_view words) {
    return response.cancel_reason.find(words) != std::string::npos;
  };
  if (response.compact_revision != 0) return CancelClass::Compacted;
  if (says("permission denied") || says("auth token") || says("auth store")) {
    return CancelClass::Permission;
  }
  if (says("no leader")) return CancelClass::NoLeader;
  return CancelClass::Other;
}

Failure failure_of(CancelClass cancel, const WatchResponse& response) {
  switch (cancel) {
    case CancelClass::Compacted:
      return {FailureKind::WatchLost, fmt::format("the history up to revision {} was compacted",
                                                  response.compact_revision)};
    case CancelClass::Permission:
      return {response.cancel_reason.contains("auth ") ? FailureKind::Unauthenticated
                                                       : FailureKind::Permission,
              response.cancel_reason};
    case CancelClass::NoLeader:
      return {FailureKind::NoLeader, response.cancel_reason};
    case CancelClass::Other:
      return {FailureKind::WatchLost, response.cancel_reason};
  }
  std::unreachable();
}

}  // namespace

WatchMachine::Read WatchMachine::begin_read(bool keys_only, std::chrono::nanoseconds timeout) {
  const CallId call = next_call();
  actions_.emplace_back(StartRead{.call = call, .keys_only = keys_only, .timeout = timeout});
  return {.call = call,
          .started = now_,
          .seen = held_ ? held_->seen : 0,
          .mod_revision = held_ ? held_->mod_revision : 0};
}

/// Reading reads the whole value. ReadingRevision follows if that was too large to be received.
void WatchMachine::start_read(Phase phase) {
  const auto timeout = held_ ? options_.read_timeout : options_.first_read_timeout;
  phase_ = phase;
  deadline_ = now_ + timeout;
  calls_.read = begin_read(phase == Phase::ReadingRevision, timeout);
  if (phase == Phase::Reading) ++status_.counters.full_reads;
}

void WatchMachine::finish_read(ReadDone&& response) {
  switch (judge_read(response, fnv1a_64(response.value))) {
    case ReadOutcome::Doubted:
      return;
    case ReadOutcome::New:
      actions_.emplace_back(response.mod_revision == 0
                                ? Apply{.revision = 0, .value = std::nullopt}
                                : Apply{response.mod_revision, std::move(response.value)});
      break;
    case ReadOutcome::Known:
      break;
  }
  start_watch();
}

/// After a value that could not be received, the machine reads its revision, then the value once
/// more, then the revision again. Only if both revisions are the same it is certain which value was
/// too large (W13).
void WatchMachine::finish_revision_read(ReadDone&& response) {
  if (response.mod_revision == 0) return finish_read(std::move(response));
  if (connection_.oversized != response.mod_revision) {
    connection_.oversized = response.mod_revision;
    return start_read(Phase::Reading);
  }
  switch (judge_read(response, std::nullopt)) {
    case ReadOutcome::Doubted:
      return;
    case ReadOutcome::New:
      ++status_.counters.oversized;
      actions_.emplace_back(RefuseOversized{response.mod_revision});
      break;
    case ReadOutcome::Known:
      break;
  }
  start_watch();
}

/// Accepts the result of a full read, or has another endpoint confirm it first.
WatchMachine::ReadOutcome WatchMachine::judge_read(const ReadDone& response,
                                                   std::optional<std::uint64_t> hash) {
  // After a restore the key may have the revision of the value held, and other bytes (W10).
  const bool other_value =
      held_ && held_->mod_revision == response.mod_revision && held_->hash != hash;
  if (other_value || !fits(response, *calls_.read)) {
    if (!confirms_doubt(response.header)) {
      doubt(response.header);
      return ReadOutcome::Doubted;
    }
    held_.reset();
    ++status_.counters.lineage_resets;
  }
  doubt_.reset();
  connection_.oversized.reset();
  const bool known = held_ && held_->mod_revision == response.mod_revision;
  held_ = Held{.cluster_id = response.header.cluster_id,
               .seen = response.header.revision,
               .mod_revision = response.mod_revision,
               .hash = hash};
  status_.verified_at = calls_.read->started;
  endpoints_.failures[endpoints_.current()].reset();
  calls_.read.reset();
  return known ? ReadOutcome::Known : ReadOutcome::New;
}

/// True if a linearizable response can follow the value that was held when the read began (W10):
/// the same cluster, no older revision, and a key that is the same, gone, or newer than all
/// revisions seen until then.
bool WatchMachine::fits(const ReadDone& response, const Read& read) const {
  if (!held_) return true;
  if (response.header.cluster_id != held_->cluster_id) return false;
  if (response.header.revision < read.seen) return false;
  return response.mod_revision == 0 || response.mod_revision == read.mod_revision ||
         response.mod_revision > read.seen;
}

bool WatchMachine::confirms_doubt(const Header& header) const {
  return doubt_ && doubt_->cluster_id == header.cluster_id && doubt_->revision <= header.revision;
}

/// Another cluster, or an older state of this one. One response is not enough to give up the value
/// held: the machine asks the next endpoint, over a new connection.
void WatchMachine::doubt(const Header& header) {
  doubt_ = header;
  lose_connection(
      {FailureKind::OtherCluster,
       fmt::format("cluster {:x} at revision {}, where cluster {:x} at {} was expected",
                   header.cluster_id, header.revision, held_->cluster_id, held_->seen)});
}

/// From the revision after the one that was read, never from "now": no change is missed (W1).
void WatchMachine::start_watch() {
  phase_ = Phase::Opening;
  deadline_ = now_ + options_.watch_timeout;
  calls_.watch = next_call();
  actions_.emplace_back(StartWatch{.call = *calls_.watch, .start_revision = held_->seen + 1});
}

void WatchMachine::watch_cancelled(const WatchResponse& response) {
  const CancelClass cancel = classify(response);
  count(cancel);
  if (cancel == CancelClass::Compacted) return read_again(failure_of(cancel, response));
  lose_connection(failure_of(cancel, response));
}

/// Of all events of a response, whole or in fragments, only the newest counts (W14).
void WatchMachine::take_events(WatchResponse&& response) {
  for (WatchEvent& event : response.events) {
    if (!calls_.newest || event.mod_revision > calls_.newest->mod_revision)
      calls_.newest = std::move(event);
  }
  if (response.fragment || !calls_.newest) return;
  if (calls_.newest->mod_revision > held_->seen)
    apply(*std::move(calls_.newest));  // else: old (W15)
  calls_.newest.reset();
}

void WatchMachine::apply(WatchEvent&& event) {
  const Revision mod_revision = event.deleted ? 0 : event.mod_revision;
  held_->seen = event.mod_revision;
  held_->mod_revision = mod_revision;
  held_->hash = fnv1a_64(event.value);
  connection_.repairs = 0;
  actions_.emplace_back(
      Apply{.revision = mod_revision,
            .value = event.deleted ? std::nullopt : std::optional(std::move(event.value)),
            .from_watch = true});
  if (calls_.catch_up && agrees(calls_.catch_up->mod_revision, calls_.catch_up->revision)) {
    verified(calls_.catch_up->proof_started, calls_.catch_up->revision);
  }
}

void WatchMachine::start_proof() {
  ++status_.counters.proof_reads;
  calls_.proof = begin_read(true, options_.proof_timeout);
  schedule_proof(now_);
}

/// Chooses the start of the proof that follows one begun at `started`.
void WatchMachine::schedule_proof(BootTime started) {
  deadline_ = started + jittered(random_, options_.proof_interval);
}

void WatchMachine::finish_proof(const ReadDone& response) {
  const Read proof = *std::exchange(calls_.proof, std::nullopt);
  if (!fits(response, proof)) return doubt(response.header);
  if (agrees(response.mod_revision, response.header.revision)) {
    return verified(proof.started, response.header.revision);
  }
  calls_.catch_up = CatchUp{.proof_started = proof.started,
                            .mod_revision = response.mod_revision,
                            .revision = response.header.revision,
                            .deadline = now_ + options_.catch_up_timeout};
}

/// True if the value held is the one that a read saw at `revision`, or newer: then it was the
/// cluster's value at some moment after that read began.
bool WatchMachine::agrees(Revision mod_revision, Revision revision) const {
  return held_->mod_revision == mod_revision || held_->seen > revision;
}

void WatchMachine::verified(BootTime proof_started, Revision revision) {
  calls_.catch_up.reset();
  held_->seen = std::max(held_->seen, revision);
  status_.verified_at = proof_started;
  backoff_.healthy(now_);
}

void WatchMachine::count(CancelClass cancel) {
  ++status_.counters.cancels[static_cast<std::size_t>(cancel)];
}

}  // namespace osproxy::etcd
