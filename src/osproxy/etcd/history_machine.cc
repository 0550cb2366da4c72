#include "osproxy/etcd/history_machine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "osproxy/etcd/history_trim.h"
#include "osproxy/etcd/random_time.h"
#include "osproxy/store/history_json.h"

namespace osproxy::etcd {
namespace {

// Keys of one recheck, without their values. There are never so many: changes by hand wait for a
// second.
constexpr std::int64_t kMaxRechecked = 2'000;

}  // namespace

HistoryMachine::HistoryMachine(HistoryMachineOptions options, Random random)
    : options_(std::move(options)),
      state_key_(history_state_key(options_.prefix)),
      random_(random),
      backoff_(options_.backoff, Random(random_.next())),
      turn_(random_.below(options_.endpoints.size())) {
  assert(!options_.endpoints.empty());
}

HistoryMachine::Actions HistoryMachine::resume(Event event, Now now) {
  if (phase_ == Phase::Stopped) return {};
  assert(now.boot >= now_.boot);
  now_ = now;
  std::visit([this]<class T>(T&& e) { handle(std::forward<T>(e)); }, std::move(event));
  check_timers();
  return std::exchange(actions_, {});
}

void HistoryMachine::handle(Stop) {
  close_connection();
  phase_ = Phase::Stopped;
}

void HistoryMachine::handle(ReadDone&& response) {
  if (!is_awaited(response.call)) return;
  awaited_ = CallId{};
  backoff_.healthy(now_.boot);
  switch (phase_) {
    case Phase::ReadingState:
      return take_state(response);
    case Phase::Proving:
      return take_proof(response);
    case Phase::Rereading: {
      state_ = decode_state(response.value).value_or(HistoryState{});
      state_revision_ = response.mod_revision;
      finish_entered();
      if (pending_.empty()) {
        phase_ = Phase::Ready;
        return;
      }
      actions_.emplace_back(ListKeys{.call = begin_call(Phase::Rechecking),
                                     .request = {.prefix = options_.prefix,
                                                 .keys_only = true,
                                                 .limit = kMaxRechecked,
                                                 .order = ListOrder::OldestFirst,
                                                 .min_created = pending_.front().revision,
                                                 .timeout = options_.call_timeout}});
      return;
    }
    case Phase::RereadingToTrim:
      state_ = decode_state(response.value).value_or(HistoryState{});
      state_revision_ = response.mod_revision;
      actions_.emplace_back(
          ListKeys{.call = begin_call(Phase::ListingOldest),
                   .request = oldest_entries(options_.prefix, options_.call_timeout)});
      return;
    case Phase::RereadingToMark:
      return take_mark(response);
    default:
      std::unreachable();  // no other phase awaits a read
  }
}

void HistoryMachine::handle(ListDone&& response) {
  if (!is_awaited(response.call)) return;
  awaited_ = CallId{};
  backoff_.healthy(now_.boot);
  switch (phase_) {
    case Phase::Chaining:
      return take_links(response);
    case Phase::Rechecking:
      return take_recheck(response);
    case Phase::ListingOldest:
      return take_oldest(response);
    default:
      std::unreachable();  // no other phase awaits a list
  }
}

void HistoryMachine::handle(WriteDone&& response) {
  if (!is_awaited(response.call)) return;
  awaited_ = CallId{};
  backoff_.healthy(now_.boot);
  switch (phase_) {
    case Phase::Founding:
      // If another instance was faster, its state is read.
      has_set_bounds_ = has_set_bounds_ || response.succeeded;
      return read_state(Phase::ReadingState);
    case Phase::Entering:
      return take_entered(response);
    case Phase::Trimming:
      if (response.succeeded) counters_.trimmed += trimming_;
      // A full batch may have left more. If another one was faster, that one trims on.
      must_trim_ = response.succeeded && trimming_ >= static_cast<std::size_t>(kTrimBatch);
      phase_ = Phase::Ready;
      return;
    case Phase::Marking:
      phase_ = Phase::Ready;
      return;
    default:
      std::unreachable();  // no other phase awaits a write
  }
}

void HistoryMachine::handle(WatchResponse&& response) {
  const bool is_of_document = response.call == document_watch_;
  if (!is_of_document && response.call != entry_watch_) return;
  if (response.canceled) {
    if (response.compact_revision > 0) {
      return watch_after_gap(response.compact_revision, is_of_document);
    }
    return lose_connection({FailureKind::WatchLost, std::move(response.cancel_reason)});
  }
  is_of_document ? take_changes(std::move(response)) : take_entries(response);
}

void HistoryMachine::handle(CallFailed&& failed) {
  const bool is_watch = failed.call == document_watch_ || failed.call == entry_watch_;
  if (failed.call == CallId{} || (!is_watch && !is_awaited(failed.call))) return;
  ++counters_.failed;
  if (failed.failure.kind == FailureKind::Permission) return back_off_refused(failed.failure);
  lose_connection(failed.failure);
}

void HistoryMachine::open_connection() {
  actions_.emplace_back(OpenConnection{turn_ % options_.endpoints.size()});
  read_state(Phase::ReadingState);
}

void HistoryMachine::lose_connection(const Failure& failure) {
  reason_ = describe(endpoint(), failure);
  close_connection();
  backoff_.unhealthy();
  ++turn_;
  phase_ = Phase::BackingOff;
  timers_.deadline = now_.boot + backoff_.next();
}

/// Every endpoint would respond the same.
void HistoryMachine::back_off_refused(const Failure& failure) {
  reason_ = describe(endpoint(), failure);
  close_connection();
  phase_ = Phase::BackingOff;
  timers_.deadline = now_.boot + jittered(random_, options_.refused_interval);
}

/// Changes that wait are forgotten, too: the watch brings them again.
void HistoryMachine::close_connection() {
  actions_.emplace_back(CloseConnection{});
  awaited_ = document_watch_ = entry_watch_ = CallId{};
  pending_.clear();
  pending_bytes_ = 0;
  has_overflowed_ = false;
  known_.clear();
  timers_ = {};
}

void HistoryMachine::take_state(const ReadDone& response) {
  const auto state = decode_state(response.value);
  state_ = state.value_or(HistoryState{});
  state_revision_ = response.mod_revision;
  const Revision now = response.header.revision;
  // A state from the future is another cluster's, or a forgery.
  const bool is_usable = state && std::max(state_.complete, state_.trimmed) <= now;
  const bool has_bounds = has_set_bounds_ || state_.bounds == options_.bounds;
  if (!is_usable || !has_bounds) return found(is_usable ? 0 : now);
  has_set_bounds_ = true;
  // Another cluster, or an older state of this one, has other revisions.
  if (complete_ > now) complete_ = 0;
  complete_ = std::max({complete_, state_.complete, state_.trimmed});
  begin_chain();
}

/// Writes the bounds, and with `now` a state by which the history begins at this revision.
void HistoryMachine::found(Revision now) {
  HistoryState state = state_;
  if (now > 0) state = {.trimmed = 0, .complete = now};
  state.bounds = options_.bounds;
  actions_.emplace_back(WriteKeys{.call = begin_call(Phase::Founding),
                                  .request = {.key = state_key_,
                                              .value = encode_state(state),
                                              .expected = state_revision_,
                                              .timeout = options_.call_timeout}});
}

void HistoryMachine::begin_chain() {
  links_.clear();
  links_from_ = complete_ + 1;
  list_links();
}

void HistoryMachine::list_links() {
  actions_.emplace_back(ListKeys{.call = begin_call(Phase::Chaining),
                                 .request = {.prefix = options_.prefix,
                                             .limit = kPage,
                                             .order = ListOrder::OldestFirst,
                                             .min_created = links_from_,
                                             .timeout = options_.call_timeout}});
}

void HistoryMachine::take_links(const ListDone& page) {
  for (const KeyValue& one : page.entries) {
    links_from_ = one.create_revision + 1;
    const auto revision = entry_revision(options_.prefix, one);
    if (!revision) continue;
    remember(*revision);
    const auto entry = decode_entry(one.value, *revision, EntryPart::WithoutDocument);
    if (entry) links_.push_back({.revision = *revision, .previous = entry->previous});
  }
  if (std::ssize(page.entries) == kPage && links_.size() < kMaxKnown) return list_links();
  watching_since_ = page.header.revision;
  follow_chain();
  begin_watches();
}

/// Between an entry and the one that it follows the document did not change.
void HistoryMachine::follow_chain() {
  std::ranges::sort(links_, {}, &Link::revision);
  for (const Link& link : links_) {
    if (link.revision <= complete_) continue;
    if (link.previous == 0 || link.previous > complete_) break;
    complete_ = link.revision;
    ++unmarked_;
  }
  links_.clear();
}

void HistoryMachine::begin_watches() {
  phase_ = Phase::Ready;
  reason_.clear();
  newest_ = proven_ = checked_ = complete_;
  known_.erase(known_.begin(), known_.upper_bound(complete_));
  begin_watch_of_document();
  begin_watch_of_entries();
  timers_.prove_at = now_.boot + jittered(random_, options_.proof_interval);
}

void HistoryMachine::begin_watch_of_document() {
  document_watch_ = next_id();
  actions_.emplace_back(WatchKeys{.call = document_watch_,
                                  .request = {.key = options_.document_key,
                                              .start_revision = std::max(newest_, complete_) + 1,
                                              .with_before = true}});
}

void HistoryMachine::begin_watch_of_entries() {
  entry_watch_ = next_id();
  actions_.emplace_back(WatchKeys{
      .call = entry_watch_,
      .request = {.key = options_.prefix, .start_revision = complete_ + 1, .is_prefix = true}});
}

void HistoryMachine::watch_after_gap(Revision compacted, bool is_of_document) {
  if (!is_of_document) {
    // Entries that the watch leaves out are found by the recheck.
    entry_watch_ = next_id();
    actions_.emplace_back(WatchKeys{
        .call = entry_watch_,
        .request = {.key = options_.prefix, .start_revision = compacted, .is_prefix = true}});
    return;
  }
  gap_after_ = complete_;
  newest_ = std::max(newest_, compacted - 1);
  if (pending_.empty()) complete_ = std::max(complete_, newest_);
  begin_watch_of_document();
}

void HistoryMachine::take_changes(WatchResponse&& response) {
  for (WatchEvent& event : response.events) {
    if (has_overflowed_ || event.mod_revision <= newest_) continue;
    Change change{
        .revision = event.mod_revision,
        .seen = now_.wall,
        .is_late = event.mod_revision <= watching_since_,
        .document = event.deleted ? std::nullopt : std::optional(std::move(event.value)),
        .previous = event.before ? event.before->mod_revision : 0,
        .before = event.before ? std::optional(std::move(event.before->value)) : std::nullopt};
    pending_bytes_ += change.bytes();
    has_overflowed_ = pending_.size() >= kMaxPending || pending_bytes_ > kMaxPendingBytes;
    if (has_overflowed_ && !pending_.empty()) {
      pending_bytes_ -= change.bytes();
      break;
    }
    newest_ = change.revision;
    pending_.push_back(std::move(change));
  }
  finish_entered();
}

void HistoryMachine::take_entries(const WatchResponse& response) {
  for (const WatchEvent& event : response.events) {
    if (event.deleted) continue;
    const auto revision = entry_revision(
        options_.prefix, {.key = event.key, .create_revision = event.create_revision});
    if (revision) remember(*revision);
  }
  finish_entered();
}

void HistoryMachine::remember(Revision revision) {
  if (revision <= complete_) return;
  known_.insert(revision);
  if (known_.size() > kMaxKnown) known_.erase(std::prev(known_.end()));
}

/// Drops the changes at the front that have their entries, or are not to be entered any more.
void HistoryMachine::finish_entered() {
  while (!pending_.empty()) {
    const Change& first = pending_.front();
    if (!known_.contains(first.revision) && first.revision > state_.trimmed) break;
    complete_ = first.revision;
    gap_after_.reset();
    pending_bytes_ -= first.bytes();
    pending_.pop_front();
    ++unmarked_;
  }
  known_.erase(known_.begin(), known_.upper_bound(complete_));
  if (pending_.empty()) {
    timers_.check_at.reset();
  } else if (!timers_.check_at) {
    timers_.check_at = now_.boot + options_.patience + random_below(random_, options_.window);
  }
  if (unmarked_ >= options_.mark_after && !timers_.mark_at) {
    timers_.mark_at = now_.boot + random_below(random_, options_.mark_window);
  }
}

void HistoryMachine::take_proof(const ReadDone& response) {
  phase_ = Phase::Ready;
  timers_.prove_at = now_.boot + jittered(random_, options_.proof_interval);
  proven_ = response.mod_revision;
  if (proven_ > newest_) timers_.behind_until = now_.boot + options_.proof_grace;
}

void HistoryMachine::take_recheck(const ListDone& response) {
  for (const KeyValue& one : response.entries) {
    if (const auto revision = entry_revision(options_.prefix, one)) remember(*revision);
  }
  const bool is_whole = std::ssize(response.entries) < kMaxRechecked;
  checked_ = is_whole ? response.header.revision : response.entries.back().create_revision;
  finish_entered();
  enter_first();
}

/// Enters the first change that waits, if the recheck has seen all entries that it could have.
void HistoryMachine::enter_first() {
  phase_ = Phase::Ready;
  if (pending_.empty() || pending_.front().revision > checked_) return;
  const Change& change = pending_.front();
  entering_ = change.revision;
  DocumentChange made{.previous = change.previous, .before = change.before};
  if (change.document) made.after = *change.document;
  HistoryEntry entry = make_entry(made, {.author = kByHand}, change.seen, options_.limits);
  entry.is_late = change.is_late;
  // Nothing is lost if the document was the same before the gap and after it.
  entry.is_after_gap = gap_after_ && (change.previous == 0 || change.previous > *gap_after_);
  // The document before may be compacted: then nobody knows whether there was one.
  if (change.previous == 0 && entry.is_after_gap) entry.diff.reset();
  actions_.emplace_back(WriteKeys{
      .call = begin_call(Phase::Entering),
      .request = {.key = by_hand_key(options_.prefix, change.revision),
                  .value = encode_entry(entry),
                  .expected = 0,
                  .guard = KeyCondition{.key = state_key_, .mod_revision = state_revision_},
                  .timeout = options_.call_timeout}});
}

void HistoryMachine::take_entered(const WriteDone& response) {
  if (!response.succeeded && response.mod_revision == 0) {
    return read_state(Phase::Rereading);  // the state has changed
  }
  if (response.succeeded) {
    ++counters_.entered;
    must_trim_ = true;
  }
  // Not the first that waits now: the watch may have brought the new entry before this response.
  remember(entering_);
  finish_entered();
  enter_first();
}

void HistoryMachine::take_oldest(const ListDone& response) {
  phase_ = Phase::Ready;
  auto write = plan_trim({.prefix = options_.prefix,
                          .state = state_,
                          .state_revision = state_revision_,
                          .bounds = options_.bounds,
                          .now = now_.wall},
                         response, options_.call_timeout);
  if (!write) return;
  trimming_ = write->also.size();
  actions_.emplace_back(
      WriteKeys{.call = begin_call(Phase::Trimming), .request = *std::move(write)});
}

void HistoryMachine::take_mark(const ReadDone& response) {
  phase_ = Phase::Ready;
  unmarked_ = 0;
  auto state = decode_state(response.value);
  if (!state || state->complete >= complete_) return;
  state->complete = complete_;
  actions_.emplace_back(WriteKeys{.call = begin_call(Phase::Marking),
                                  .request = {.key = state_key_,
                                              .value = encode_state(*state),
                                              .expected = response.mod_revision,
                                              .timeout = options_.call_timeout}});
}

void HistoryMachine::check_timers() {
  switch (phase_) {
    case Phase::Idle:
    case Phase::Stopped:
      return;
    case Phase::BackingOff:
      if (now_.boot >= timers_.deadline) open_connection();
      return;
    case Phase::Ready:
      return start_due_call();
    default:
      if (now_.boot >= timers_.deadline) lose_connection({FailureKind::Silent, {}});
      return;
  }
}

void HistoryMachine::start_due_call() {
  if (has_overflowed_ && pending_.empty()) {
    close_connection();
    return open_connection();  // the watch brings the changes that were left out
  }
  if (newest_ >= proven_) timers_.behind_until.reset();
  if (timers_.behind_until && now_.boot >= *timers_.behind_until) {
    return lose_connection({FailureKind::WatchLost, "it did not bring a change"});
  }
  if (timers_.check_at && now_.boot >= *timers_.check_at) {
    timers_.check_at.reset();
    return read_state(Phase::Rereading);
  }
  if (std::exchange(must_trim_, false)) return read_state(Phase::RereadingToTrim);
  if (timers_.mark_at && now_.boot >= *timers_.mark_at) {
    timers_.mark_at.reset();
    return read_state(Phase::RereadingToMark);
  }
  if (now_.boot < timers_.prove_at) return;
  actions_.emplace_back(ReadKey{
      .call = begin_call(Phase::Proving),
      .request = {
          .key = options_.document_key, .keys_only = true, .timeout = options_.call_timeout}});
}

std::optional<BootTime> HistoryMachine::wake_at() const {
  if (phase_ == Phase::Idle || phase_ == Phase::Stopped) return std::nullopt;
  if (phase_ != Phase::Ready) return timers_.deadline;
  BootTime at = timers_.prove_at;
  for (const auto& timer : {timers_.check_at, timers_.mark_at, timers_.behind_until}) {
    if (timer) at = std::min(at, *timer);
  }
  return at;
}

void HistoryMachine::read_state(Phase phase) {
  actions_.emplace_back(ReadKey{.call = begin_call(phase),
                                .request = {.key = state_key_, .timeout = options_.call_timeout}});
}

CallId HistoryMachine::begin_call(Phase phase) {
  phase_ = phase;
  timers_.deadline = now_.boot + options_.call_timeout;
  awaited_ = next_id();
  return awaited_;
}

}  // namespace osproxy::etcd
