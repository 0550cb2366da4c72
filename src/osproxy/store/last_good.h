// A store's memory of its last good set across restarts: what an earlier run left, and the saving
// of what comes.
//
//   LastGood last_good(make_file_storage(directory, key, limits), key, clock);
//   if (last_good.found()) …                         // bounds of the lives, perhaps the set itself
//   last_good.save(*set, revision, cluster_id);      // after each set that is applied
//
// What is kept and cannot be used is left as it is until there is something to save.
//
// Thread safety: not thread-safe; a store uses it from the one thread that it applies documents on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/store/state_file.h"
#include "osproxy/store/state_storage.h"

namespace osproxy {

class LastGood {
 public:
  /// Reads what is in `storage`. `clock` must outlive it.
  LastGood(std::unique_ptr<StateStorage> storage, std::string key, const Clock& clock);

  /// What an earlier run has left, the ends of its lives as they stand now; nullopt if there was
  /// nothing, or nothing that can be used.
  const std::optional<SavedSet>& found() const noexcept { return found_; }

  void save(const DirectiveSet& set, std::int64_t revision, std::uint64_t cluster_id);

  /// Why what was found is not used, or the last save failed; empty if all is well.
  std::string warning() const;

 private:
  const std::string key_;
  const Clock& clock_;
  const std::unique_ptr<StateStorage> storage_;
  const std::string boot_id_;
  std::optional<SavedSet> found_;
  std::string refusal_;
};

}  // namespace osproxy
