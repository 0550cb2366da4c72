// Where a store keeps its last good set across restarts, as LastGood sees it: a file, or whatever a
// test or a simulation puts in its place.
//
//   auto storage = make_file_storage("/var/lib/osproxy", "osproxy/directives", limits);
//   auto found = storage->load();                  // once, first
//   storage->save(set);                            // returns at once
//
// Thread safety: not thread-safe; one owner each.
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

  /// What an earlier run has left; nullopt if there is nothing. The error says why what is there is
  /// not used.
  virtual std::expected<std::optional<SavedSet>, std::string> load() = 0;

  /// Has `set` kept soon, unless a newer one comes first.
  virtual void save(SavedSet set) = 0;

  /// Why the last save failed; empty if it did not.
  virtual std::string error() const = 0;

  /// Names the current boot of the machine; empty if that is not known.
  virtual std::string boot_id() const = 0;

 protected:
  StateStorage() = default;
};

/// In the file state_file.h's kStateFileName of `directory`, which must exist; written in the
/// background (state_writer.h).
std::unique_ptr<StateStorage> make_file_storage(const std::filesystem::path& directory,
                                                std::string key, const DecodeLimits& limits);

}  // namespace osproxy
