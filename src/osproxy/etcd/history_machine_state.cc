// The part of the history machine that reads the state which all writers of the history share, and
// writes it: the first one, a repaired one, and a higher `complete`.
#include <algorithm>
#include <optional>

#include "osproxy/etcd/history_machine.h"

namespace osproxy::etcd {

void HistoryMachine::take_state(const ReadDone& response) {
  const Revision now = response.header.revision;
  const auto state = usable_state(response.value, now);
  state_ = state.value_or(HistoryState{});
  state_revision_ = response.mod_revision;
  // Another cluster, or an older state of this one, has other revisions.
  if (complete_ > now) complete_ = 0;
  const bool has_bounds = has_set_bounds_ || state_.bounds == options_.bounds;
  if (!state || !has_bounds) return found(state ? 0 : now);
  has_set_bounds_ = true;
  complete_ = std::max({complete_, state_.complete, state_.trimmed});
  begin_chain();
}

/// Writes the bounds, and with `now` a state by which the history begins at this revision, or goes
/// on from where it was.
void HistoryMachine::found(Revision now) {
  HistoryState state = state_;
  if (now > 0) state = complete_ > 0 ? known_state() : HistoryState{.trimmed = 0, .complete = now};
  state.bounds = options_.bounds;
  write_state(Phase::Founding, state);
}

/// From what the machine knows. All changes up to `complete_` have their entries, or had them: so
/// none of them is entered again, whether its entry was removed or not.
HistoryState HistoryMachine::known_state() const {
  return {.trimmed = complete_, .complete = complete_, .bounds = options_.bounds};
}

void HistoryMachine::write_state(Phase phase, const HistoryState& state) {
  actions_.emplace_back(WriteKeys{.call = begin_call(phase),
                                  .request = {.key = state_key_,
                                              .value = encode_state(state),
                                              .expected = state_revision_,
                                              .timeout = options_.call_timeout}});
}

/// Takes a state that was read again. If it is gone or damaged, writes it anew: false.
bool HistoryMachine::renew_state(const ReadDone& response) {
  state_revision_ = response.mod_revision;
  if (response.header.revision < complete_) {
    lose_connection({FailureKind::OtherCluster, "its revision is lower than before"});
    return false;
  }
  if (const auto state = usable_state(response.value, response.header.revision)) {
    state_ = *state;
    return true;
  }
  write_state(Phase::Repairing, known_state());
  return false;
}

/// Goes on with the phase that needed the state.
void HistoryMachine::take_reread(const ReadDone& response) {
  const Phase phase = phase_;
  must_trim_ = must_trim_ || phase == Phase::RereadingToTrim;  // after a repair
  if (!renew_state(response)) return;
  if (phase == Phase::RereadingToMark) return mark();
  if (phase == Phase::RereadingToTrim) {
    must_trim_ = false;
    return list_oldest(false);
  }
  if (phase == Phase::Rereading) finish_entered(state_.trimmed);
  phase_ = Phase::Ready;
  if (phase == Phase::RereadingToRepair || pending_.empty()) return;
  actions_.emplace_back(ListKeys{.call = begin_call(Phase::Rechecking),
                                 .request = {.prefix = options_.prefix,
                                             .keys_only = true,
                                             .limit = kMaxRechecked,
                                             .order = ListOrder::OldestFirst,
                                             .min_created = pending_.front().revision,
                                             .timeout = options_.call_timeout}});
}

void HistoryMachine::mark() {
  phase_ = Phase::Ready;
  unmarked_ = 0;
  if (state_.complete >= complete_) return;
  HistoryState state = state_;
  state.complete = complete_;
  write_state(Phase::Marking, state);
}

}  // namespace osproxy::etcd
