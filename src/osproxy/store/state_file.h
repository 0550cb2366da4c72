// Saves the last good set in a file, with the absolute ends of its directives' lives.
//
//   auto saved = load_state("/var/lib/osproxy/last-good.state", "osproxy/directives", limits);
//   if (!saved) complain(saved.error());    // torn, truncated, or of another key
//   if (*saved) resume(**saved);            // else there is no file yet
//   auto written = save_state(path, set);
//
// A store can then start while its source is down, and a restart does not begin a directive's life
// anew. A file is accepted whole or refused with its reason. Its layout (docs/operating.md shows
// one):
//
// - first line: `osproxy-state`, the version of the format, the checksum of the second line
// - second line: JSON
//
// The checksum (FNV-1a-64) finds damage, not forgery: users who may write the directory are
// trusted.
//
// Thread safety: free functions without shared state. Two that save to one path at once leave one
// of the two files, whole.
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/life.h"
#include "osproxy/directive/model.h"

namespace osproxy {

/// The file's name in a store's state directory.
inline constexpr char kStateFileName[] = "last-good.state";

struct SavedSet {
  std::string key{};             ///< of the document, so that another key's file is refused
  std::uint64_t cluster_id = 0;  ///< etcd's
  std::int64_t revision = 0;     ///< of the document; 0: none
  WallTime saved_at{};
  std::string boot_id{};  ///< of the machine: boot times are comparable within one boot only
  Document document{};
  std::vector<Life> lives{};  ///< of each directive, in order

  friend bool operator==(const SavedSet&, const SavedSet&) = default;
};

/// Returns the id of the current boot (/proc/sys/kernel/random/boot_id); empty if there is no such
/// file.
std::string current_boot_id();

/// Returns the ends of `saved.lives` at `now`; after another boot, or if the boot is not known, by
/// the wall clock alone.
std::vector<Life> resumed_lives(const SavedSet& saved, std::string_view boot_id, Now now);

/// Loads the saved set; nullopt if there is no file. The error names the path and the fault.
std::expected<std::optional<SavedSet>, std::string> load_state(const std::filesystem::path& path,
                                                               std::string_view key,
                                                               const DecodeLimits& limits);

/// Replaces the file atomically and durably: a temporary file in the same directory, fsync, rename,
/// fsync of the directory. Only its owner can read it. Blocks for as long as the disk takes. The
/// error names the path and the cause; the old file is then still there.
std::expected<void, std::string> save_state(const std::filesystem::path& path,
                                            const SavedSet& saved);

}  // namespace osproxy
