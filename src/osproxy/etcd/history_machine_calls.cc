// The part of the history machine that walks through changes which the watch could not bring, and
// removes the oldest entries.
#include <algorithm>
#include <utility>

#include "osproxy/etcd/history_machine.h"
#include "osproxy/etcd/history_trim.h"

namespace osproxy::etcd {

/// True if the machine goes on without the response that was too large, or compacted.
bool HistoryMachine::take_too_large(CallId call, FailureKind kind) {
  const bool is_compacted = kind == FailureKind::Compacted;
  if (kind != FailureKind::TooLarge && !is_compacted) return false;
  if (call == document_watch_) {
    document_watch_ = CallId{};
    walk_ = Walk{.floor = std::max(newest_, complete_)};
    return true;
  }
  if (call == entry_watch_) {
    // Entries that the watch leaves out are found by the recheck.
    entry_watch_ = next_id();
    actions_.emplace_back(
        WatchKeys{.call = entry_watch_,
                  .request = {.key = options_.prefix, .start_revision = 0, .is_prefix = true}});
    return true;
  }
  awaited_ = CallId{};
  switch (phase_) {
    case Phase::Walking:
      if (!is_compacted) return false;  // it asks for no value
      finish_walk(0, false);
      return true;
    case Phase::Fetching:
    case Phase::FetchingBefore:
      take_fetched(std::nullopt, is_compacted ? Content::Lost : Content::TooLarge);
      return true;
    default:
      return !is_compacted && take_too_large_list();
  }
}

/// Asks for less: fewer entries, at last one without its value.
bool HistoryMachine::take_too_large_list() {
  switch (phase_) {
    case Phase::Chaining:
      if (paging_.keys_only) return false;
      paging_.keys_only = paging_.limit == 1;
      paging_.limit = std::max<std::int64_t>(1, paging_.limit / 4);
      list_links();
      return true;
    case Phase::ListingOldest:
      list_oldest(true);
      return true;
    default:
      return false;
  }
}

/// The first read is of now. Its response says after which revision the watch goes on.
void HistoryMachine::read_on_walk() {
  actions_.emplace_back(ReadKey{.call = begin_call(Phase::Walking),
                                .request = {.key = options_.document_key,
                                            .keys_only = true,
                                            .at = walk_->at,
                                            .timeout = options_.call_timeout}});
}

void HistoryMachine::take_step(const ReadDone& response) {
  if (walk_->end == 0) walk_->end = response.header.revision;
  const Revision revision = response.mod_revision;
  if (revision == 0) return finish_walk(0, false);
  if (revision <= walk_->floor) return finish_walk(revision, true);
  walk_->found.push_front(revision);
  if (walk_->found.size() > kMaxWalked) {
    walk_->found.pop_back();
    walk_->end = walk_->found.back();  // the next walk finds the newer ones
  }
  walk_->at = revision - 1;
  // Without a revision between them, the one before is the floor or none.
  if (walk_->at == 0) return finish_walk(0, true);
  read_on_walk();
}

/// `previous`: the document's revision before the oldest change found; 0: there was none, or nobody
/// knows.
void HistoryMachine::finish_walk(Revision previous, bool is_whole) {
  const Walk walk = *std::exchange(walk_, std::nullopt);
  phase_ = Phase::Ready;
  if (!is_whole) gap_after_ = complete_;
  for (const Revision revision : walk.found) {
    pending_.push_back({.revision = revision,
                        .seen = now_.wall,
                        .is_late = revision <= watching_since_,
                        .content = Content::ToFetch,
                        .previous = std::exchange(previous, revision)});
  }
  newest_ = std::max(newest_, walk.end);
  if (pending_.empty()) complete_ = std::max(complete_, newest_);
  begin_watch_of_document();
  finish_entered();
}

/// Reads a document of the first change that waits. False if there is none before it.
bool HistoryMachine::begin_fetch(Phase phase) {
  const Change& change = pending_.front();
  const Revision revision = phase == Phase::Fetching ? change.revision : change.previous;
  if (revision == 0) return false;
  actions_.emplace_back(ReadKey{
      .call = begin_call(phase),
      .request = {.key = options_.document_key, .at = revision, .timeout = options_.call_timeout}});
  return true;
}

/// The change may have got its entry meanwhile: then another one is the first.
void HistoryMachine::take_fetched(std::optional<std::string> value, Content content) {
  const Phase phase = std::exchange(phase_, Phase::Ready);
  if (value && value->size() > options_.limits.max_bytes) {
    value.reset();
    content = Content::TooLarge;
  }
  if (pending_.empty() || pending_.front().revision != entering_) return finish_entered();
  Change& change = pending_.front();
  pending_bytes_ -= change.bytes();
  if (phase == Phase::Fetching) {
    change.content = content;
    change.document = std::move(value);
  } else {
    change.before = std::move(value);
  }
  pending_bytes_ += change.bytes();
  if (phase == Phase::Fetching && begin_fetch(Phase::FetchingBefore)) return;
  enter_first();
}

void HistoryMachine::list_oldest(bool keys_only) {
  auto request = oldest_entries(options_.prefix, options_.call_timeout);
  request.keys_only = keys_only;
  actions_.emplace_back(
      ListKeys{.call = begin_call(Phase::ListingOldest), .request = std::move(request)});
}

void HistoryMachine::take_oldest(ListDone&& response) {
  phase_ = Phase::Ready;
  oldest_ = std::move(response);
  if (!must_trim({.prefix = options_.prefix,
                  .state = state_,
                  .state_revision = state_revision_,
                  .bounds = options_.bounds,
                  .now = now_.wall},
                 oldest_)) {
    oldest_ = {};
    return;
  }
  actions_.emplace_back(
      ListKeys{.call = begin_call(Phase::ListingByHand),
               .request = oldest_by_hand(options_.prefix, options_.call_timeout)});
}

void HistoryMachine::trim(const ListDone& by_hand) {
  phase_ = Phase::Ready;
  auto write = plan_trim({.prefix = options_.prefix,
                          .state = state_,
                          .state_revision = state_revision_,
                          .bounds = options_.bounds,
                          .now = now_.wall},
                         std::exchange(oldest_, {}), by_hand, options_.call_timeout);
  if (!write) return;
  trimming_ = write->also.size();
  actions_.emplace_back(
      WriteKeys{.call = begin_call(Phase::Trimming), .request = *std::move(write)});
}

}  // namespace osproxy::etcd
