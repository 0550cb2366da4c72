// Removes the oldest entries of the history beyond its bounds, in one transaction.
//
//   const ListRequest request = oldest_entries(prefix, timeout);
//   auto write = plan_trim({.prefix = prefix, .state = state, .state_revision = 41, .now = now},
//                          *list, timeout);
//   if (write) transport.write(call, *write);
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

/// The list that plan_trim() needs.
ListRequest oldest_entries(const std::string& prefix, std::chrono::nanoseconds timeout);

/// nullopt: all entries are within the bounds.
std::optional<WriteRequest> plan_trim(const TrimInput& input, const ListDone& oldest,
                                      std::chrono::nanoseconds timeout);

}  // namespace osproxy::etcd
