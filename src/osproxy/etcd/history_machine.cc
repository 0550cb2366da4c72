#include "osproxy/etcd/history_machine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "osproxy/etcd/history_trim.h"
#include "osproxy/etcd/random_time.h"
#include "osproxy/store/history_json.h"

namespace osproxy::etcd {
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
    case Phase::Walking:
      return take_step(response);
    case Phase::Fetching:
    case Phase::FetchingBefore: {
      const bool is_there = response.mod_revision != 0;
      return take_fetched(is_there ? std::optional(std::move(response.value)) : std::nullopt,
                          is_there ? Content::Held : Content::Lost);
    }
    case Phase::Rereading:
    case Phase::RereadingToTrim:
    case Phase::RereadingToMark:
    case Phase::RereadingToRepair:
      return take_reread(response);
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
      return take_oldest(std::move(response));
    case Phase::ListingByHand:
      return trim(response);
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
      // A full batch may have left more. Another writer of the state may have trimmed nothing.
      must_trim_ = !response.succeeded || trimming_ >= static_cast<std::size_t>(kTrimBatch);
      phase_ = Phase::Ready;
      return;
    case Phase::Marking:
      phase_ = Phase::Ready;
      return;
    case Phase::Repairing:
      phase_ = Phase::Ready;
      finish_entered();  // what waits is looked at again
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
  if (take_too_large(failed.call, failed.failure.kind)) return;
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
  walk_.reset();
  known_.clear();
  timers_ = {};
}

void HistoryMachine::begin_chain() {
  links_.clear();
  paging_ = {.from = complete_ + 1};
  list_links();
}

void HistoryMachine::list_links() {
  actions_.emplace_back(ListKeys{.call = begin_call(Phase::Chaining),
                                 .request = {.prefix = options_.prefix,
                                             .keys_only = paging_.keys_only,
                                             .limit = paging_.limit,
                                             .order = ListOrder::OldestFirst,
                                             .min_created = paging_.from,
                                             .timeout = options_.call_timeout}});
}

void HistoryMachine::take_links(const ListDone& page) {
  for (const KeyValue& one : page.entries) {
    paging_.from = one.create_revision + 1;
    const auto revision = entry_revision(options_.prefix, one);
    if (!revision) continue;
    remember(*revision);
    const auto entry = decode_entry(one.value, *revision, EntryPart::WithoutDocument);
    if (entry) links_.push_back({.revision = *revision, .previous = entry->previous});
  }
  paging_.keys_only = false;
  if (std::ssize(page.entries) == paging_.limit && links_.size() < kMaxKnown) return list_links();
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

/// A document that is too large for any directive is not held: no entry keeps it.
HistoryMachine::Change HistoryMachine::change_of(WatchEvent&& event) const {
  Change change{.revision = event.mod_revision,
                .seen = now_.wall,
                .is_late = event.mod_revision <= watching_since_};
  if (event.value.size() > options_.limits.max_bytes) {
    change.content = Content::TooLarge;
  } else if (!event.deleted) {
    change.document = std::move(event.value);
  }
  if (!event.before) return change;
  change.previous = event.before->mod_revision;
  if (event.before->value.size() <= options_.limits.max_bytes) {
    change.before = std::move(event.before->value);
  }
  return change;
}

void HistoryMachine::take_changes(WatchResponse&& response) {
  for (WatchEvent& event : response.events) {
    if (has_overflowed_ || event.mod_revision <= newest_) continue;
    Change change = change_of(std::move(event));
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
    if (event.key == state_key_ && !timers_.repair_at &&
        (event.deleted || !usable_state(event.value, event.mod_revision))) {
      timers_.repair_at = now_.boot + random_below(random_, options_.window);
    }
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

/// Drops the changes at the front that have their entries, or are not to be entered any more, for
/// those up to `trimmed` were removed. Only a state that has just been read says so.
void HistoryMachine::finish_entered(Revision trimmed) {
  while (!pending_.empty()) {
    const Change& first = pending_.front();
    if (!known_.contains(first.revision) && first.revision > trimmed) break;
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
  if (change.content == Content::ToFetch && begin_fetch(Phase::Fetching)) return;
  const HistoryEntry entry = entry_of(change);
  actions_.emplace_back(WriteKeys{
      .call = begin_call(Phase::Entering),
      .request = {.key = by_hand_key(options_.prefix, change.revision),
                  .value = encode_entry(entry),
                  .expected = 0,
                  .guard = KeyCondition{.key = state_key_, .mod_revision = state_revision_},
                  .timeout = options_.call_timeout}});
}

HistoryEntry HistoryMachine::entry_of(const Change& change) const {
  DocumentChange made{.previous = change.previous, .before = change.before};
  if (change.document) made.after = *change.document;
  HistoryEntry entry = make_entry(made, {.author = kByHand}, change.seen, options_.limits);
  if (change.content != Content::Held) {
    entry.deleted = entry.is_kept = false;
    entry.diff.reset();
    if (change.content == Content::TooLarge) entry.rejected = to_string(Fault::TooLarge);
  }
  entry.is_late = change.is_late;
  // Nothing is lost if the document was the same before the gap and after it.
  entry.is_after_gap = gap_after_ && (change.previous == 0 || change.previous > *gap_after_);
  // The document before may be compacted: then nobody knows whether there was one.
  if (change.previous == 0 && entry.is_after_gap) entry.diff.reset();
  return entry;
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
  if (walk_ && pending_.empty()) return read_on_walk();
  if (newest_ >= proven_ || walk_) timers_.behind_until.reset();
  if (timers_.behind_until && now_.boot >= *timers_.behind_until) {
    return lose_connection({FailureKind::WatchLost, "it did not bring a change"});
  }
  if (timers_.check_at && now_.boot >= *timers_.check_at) {
    timers_.check_at.reset();
    return read_state(Phase::Rereading);
  }
  if (timers_.repair_at && now_.boot >= *timers_.repair_at) {
    timers_.repair_at.reset();
    return read_state(Phase::RereadingToRepair);
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
  for (const auto& timer :
       {timers_.check_at, timers_.mark_at, timers_.repair_at, timers_.behind_until}) {
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
