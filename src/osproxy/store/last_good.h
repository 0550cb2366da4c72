// Remembers a store's last good set across restarts: finds the set of an earlier run, and saves new
// ones.
//
//   LastGood last_good(make_file_storage(directory, key, limits), key, clock);
//   if (last_good.found()) resume(*last_good.found());    // the ends of lives, perhaps the set too
//   last_good.save(*set, revision, cluster_id);           // after each set that is applied
//
// Saved state that cannot be used stays untouched until there is a set to save.
//
// Thread safety: not thread-safe; a store uses it from the one thread on which it applies
// documents.
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
  /// Loads from `storage`. `clock` must outlive this object.
  LastGood(std::unique_ptr<StateStorage> storage, std::string key, const Clock& clock);

  /// The set of an earlier run, with the ends of its lives as of now; nullopt if there was none
  /// that can be used.
  const std::optional<SavedSet>& found() const noexcept { return found_; }

  void save(const DirectiveSet& set, std::int64_t revision, std::uint64_t cluster_id);

  /// Why the saved set is not used, or why the last save failed; empty if all is well.
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
