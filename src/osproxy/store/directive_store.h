// The narrow interface through which all else gets the directive set.
//
//   SnapshotReader<DirectiveSet> reader(store.cell());    // one for each worker thread
//   const DirectiveSet& set = *reader.load();             // once for each request
//
// MemoryDirectiveStore, FileDirectiveStore and EtcdDirectiveStore implement it. A store starts its
// background work in its constructor or connect(), and ends and joins it in its destructor.
//
// Thread safety: every member may be called from any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/snapshot/snapshot.h"

namespace osproxy {

/// Whether the store holds the current document.
enum class StoreState : std::uint8_t {
  Connecting,  ///< no successful read yet, or the watch is not up yet
  Synced,      ///< the last proof agreed with the held document, and the watch is up
  Suspect,     ///< a proof is overdue or the watch is down; a repair is under way
  Stale,       ///< no proof for longer than the bound; the held document may be outdated
};

/// "connecting", "synced", "suspect", "stale".
std::string_view to_string(StoreState state) noexcept;

/// The last document that was rejected; a good one stays in force.
struct Rejection {
  std::int64_t revision = 0;
  Fault fault = Fault::InvalidJson;
  std::string where{};
  WallTime at{};  ///< when it was first seen

  friend bool operator==(const Rejection&, const Rejection&) = default;
};

struct StoreStatus {
  StoreState state = StoreState::Connecting;
  WallTime since{};      ///< when `state` was entered
  std::string reason{};  ///< why it is not Synced, for a person; empty if it is
  /// Of the document in force: etcd's mod_revision, 0 without a document; other stores count their
  /// own publishes.
  std::int64_t revision = 0;
  /// Time since the start of the last proof read that agreed with the held document; nullopt before
  /// the first. Always zero for stores that are their own source.
  std::optional<std::chrono::nanoseconds> verified_age{};
  /// The newest published document, if it was rejected; cleared by the next good one.
  std::optional<Rejection> rejected{};
  /// Other faults that an operator should repair, although the set stays fresh; one text each.
  std::vector<std::string> warnings{};

  friend bool operator==(const StoreStatus&, const StoreStatus&) = default;
};

class DirectiveStore {
 public:
  virtual ~DirectiveStore() = default;
  DirectiveStore(const DirectiveStore&) = delete;
  DirectiveStore& operator=(const DirectiveStore&) = delete;

  /// Returns the current set, never null. Takes a mutex: a hot path uses a SnapshotReader on
  /// cell().
  DirectiveSet::Pointer load() const { return cell().load(); }

  /// The cell that the store publishes to. Lives as long as the store; readers may outlive it.
  virtual const SnapshotCell<DirectiveSet>& cell() const noexcept = 0;

  virtual StoreStatus status() const = 0;

 protected:
  DirectiveStore() = default;
};

}  // namespace osproxy
