// Where LastGood keeps the last good set across restarts: a file, or a substitute in a test or the
// simulation.
//
//   auto storage = make_file_storage("/var/lib/osproxy", "osproxy/directives", limits);
//   auto found = storage->load();    // once, first
//   storage->save(set);              // returns at once
//
// Thread safety: not thread-safe; each storage has one owner.
#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "osproxy/directive/decode.h"
#include "osproxy/store/state_file.h"

namespace osproxy {

class StateStorage {
 public:
  virtual ~StateStorage() = default;
  StateStorage(const StateStorage&) = delete;
  StateStorage& operator=(const StateStorage&) = delete;

  /// Loads the set of an earlier run; nullopt if there is none. The error says why it is not used.
  virtual std::expected<std::optional<SavedSet>, std::string> load() = 0;

  /// Saves `set` soon, unless a newer one comes first. Returns at once.
  virtual void save(SavedSet set) = 0;

  /// Why the last save failed; empty if it succeeded.
  virtual std::string error() const = 0;

  /// The id of the current boot of the machine; empty if not known.
  virtual std::string boot_id() const = 0;

 protected:
  StateStorage() = default;
};

/// Keeps the set in the file kStateFileName (state_file.h) of `directory`, which must exist; writes
/// it in the background (state_writer.h).
std::unique_ptr<StateStorage> make_file_storage(const std::filesystem::path& directory,
                                                std::string key, const DecodeLimits& limits);

}  // namespace osproxy
