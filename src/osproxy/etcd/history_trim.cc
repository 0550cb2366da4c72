#include "osproxy/etcd/history_trim.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "osproxy/store/history_json.h"

namespace osproxy::etcd {
namespace {

struct Candidate {
  Revision revision;
  bool is_entry;  // false: another key, which nobody should have put there
  const KeyValue* entry;
};

/// An entry that cannot be read, or was listed without its value, has no age: only its place
/// counts.
bool is_old(const KeyValue& entry, const TrimInput& input) {
  const auto decoded = decode_entry(entry.value, entry.create_revision, EntryPart::WithoutDocument);
  return decoded && decoded->time + input.bounds.age < input.now;
}

/// How many entries there are beyond the bound.
std::int64_t excess(const TrimInput& input, const ListDone& oldest) {
  return oldest.count - (input.state_revision != 0 ? 1 : 0) - input.bounds.entries;
}

/// By revision, each once.
std::vector<Candidate> candidates(const TrimInput& input, const ListDone& oldest,
                                  const ListDone& by_hand) {
  std::vector<Candidate> found;
  const std::string state_key = history_state_key(input.prefix);
  std::set<std::string_view> seen{state_key};
  for (const ListDone* const list : {&oldest, &by_hand}) {
    for (const KeyValue& entry : list->entries) {
      if (!seen.insert(entry.key).second) continue;
      const auto revision = entry_revision(input.prefix, entry);
      found.push_back({.revision = revision.value_or(entry.create_revision),
                       .is_entry = revision.has_value(),
                       .entry = &entry});
    }
  }
  std::ranges::sort(found, {}, &Candidate::revision);
  return found;
}

}  // namespace

ListRequest oldest_entries(const std::string& prefix, std::chrono::nanoseconds timeout) {
  return {.prefix = prefix,
          .limit = kTrimBatch + 1,  // the state is one of them
          .order = ListOrder::OldestFirst,
          .timeout = timeout};
}

ListRequest oldest_by_hand(const std::string& prefix, std::chrono::nanoseconds timeout) {
  return {.prefix = prefix, .keys_only = true, .limit = kTrimBatch, .timeout = timeout};
}

bool must_trim(const TrimInput& input, const ListDone& oldest) {
  if (excess(input, oldest) > 0) return true;
  return std::ranges::any_of(oldest.entries, [&](const KeyValue& entry) {
    return entry.key != history_state_key(input.prefix) && is_old(entry, input);
  });
}

std::optional<WriteRequest> plan_trim(const TrimInput& input, const ListDone& oldest,
                                      const ListDone& by_hand, std::chrono::nanoseconds timeout) {
  HistoryState state = input.state;
  state.bounds = input.bounds;
  std::int64_t more = excess(input, oldest);
  std::vector<AlsoWrite> removals;
  for (const Candidate& one : candidates(input, oldest, by_hand)) {
    if (more <= 0 && !is_old(*one.entry, input)) continue;
    if (std::ssize(removals) == kTrimBatch) break;
    --more;
    removals.push_back({.key = one.entry->key});
    if (one.is_entry) state.trimmed = std::max(state.trimmed, one.revision);
  }
  if (removals.empty()) return std::nullopt;
  state.complete = std::max(state.complete, state.trimmed);
  return WriteRequest{.key = history_state_key(input.prefix),
                      .value = encode_state(state),
                      .expected = input.state_revision,
                      .also = std::move(removals),
                      .timeout = timeout};
}

}  // namespace osproxy::etcd
