// Removes the oldest entries of the history beyond its bounds, in one transaction.
//
//   const TrimInput input{.prefix = prefix, .state = state, .state_revision = 41, .now = now};
//   if (!must_trim(input, oldest)) return;                               // of oldest_entries()
//   auto write = plan_trim(input, oldest, by_hand, timeout);             // of oldest_by_hand()
//   if (write) transport.write(call, *write);
//
// The oldest are those with the lowest revisions. An entry by hand may be created long after later
// changes have theirs, so that the order of creation alone does not find them. The first kTrimBatch
// entries by creation and the first kTrimBatch by hand contain them: another entry of a publisher
// has at least so many lower ones before it.
//
// The transaction also raises HistoryState::trimmed, on the condition that nobody has written the
// state since it was read. So two writers never trim at once, and an instance that enters a change
// late sees that its entry has been removed already.
//
// Thread safety: pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "osproxy/etcd/history_key.h"
#include "osproxy/etcd/transport.h"

namespace osproxy::etcd {

struct TrimInput {
  std::string prefix;
  HistoryState state;
  Revision state_revision = 0;  ///< mod_revision of the state key; 0: there is none
  HistoryBounds bounds{};
  WallTime now{};
};

/// Entries that one transaction removes: far below etcd's 128 operations, and read with their
/// values they fit into a response (4 MiB). Each change removes more than it adds.
inline constexpr std::int64_t kTrimBatch = 12;

/// The lists that plan_trim() needs. The keys of entries by hand begin with zeros, and so come
/// first by name.
ListRequest oldest_entries(const std::string& prefix, std::chrono::nanoseconds timeout);
ListRequest oldest_by_hand(const std::string& prefix, std::chrono::nanoseconds timeout);

/// False if all entries are within the bounds: then the second list is not needed.
bool must_trim(const TrimInput& input, const ListDone& oldest);

/// nullopt: all entries are within the bounds.
std::optional<WriteRequest> plan_trim(const TrimInput& input, const ListDone& oldest,
                                      const ListDone& by_hand, std::chrono::nanoseconds timeout);

}  // namespace osproxy::etcd
