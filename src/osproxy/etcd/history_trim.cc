#include "osproxy/etcd/history_trim.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "osproxy/store/history_json.h"

namespace osproxy::etcd {
namespace {

/// An entry that cannot be read has no age: only its place counts.
bool is_old(const KeyValue& entry, Revision revision, const TrimInput& input) {
  const auto decoded = decode_entry(entry.value, revision, EntryPart::WithoutDocument);
  return decoded && decoded->time + input.bounds.age < input.now;
}

}  // namespace

ListRequest oldest_entries(const std::string& prefix, std::chrono::nanoseconds timeout) {
  return {.prefix = prefix,
          .limit = kTrimBatch + 1,  // the state is one of them
          .order = ListOrder::OldestFirst,
          .timeout = timeout};
}

std::optional<WriteRequest> plan_trim(const TrimInput& input, const ListDone& oldest,
                                      std::chrono::nanoseconds timeout) {
  HistoryState state = input.state;
  state.bounds = input.bounds;
  const std::string state_key = history_state_key(input.prefix);
  std::int64_t excess = oldest.count - (input.state_revision != 0 ? 1 : 0) - input.bounds.entries;
  // By revision: an entry by hand is created after later changes.
  std::vector<std::pair<Revision, const KeyValue*>> entries;
  for (const KeyValue& entry : oldest.entries) {
    if (entry.key == state_key) continue;
    const auto revision = entry_revision(input.prefix, entry);
    entries.emplace_back(revision.value_or(entry.create_revision), &entry);
  }
  std::ranges::sort(entries);
  std::vector<AlsoWrite> removals;
  for (const auto& [revision, entry] : entries) {
    if (excess <= 0 && !is_old(*entry, revision, input)) break;
    --excess;
    removals.push_back({.key = entry->key});
    if (entry_revision(input.prefix, *entry)) state.trimmed = std::max(state.trimmed, revision);
  }
  if (removals.empty()) return std::nullopt;
  state.complete = std::max(state.complete, state.trimmed);
  return WriteRequest{.key = state_key,
                      .value = encode_state(state),
                      .expected = input.state_revision,
                      .also = std::move(removals),
                      .timeout = timeout};
}

}  // namespace osproxy::etcd
