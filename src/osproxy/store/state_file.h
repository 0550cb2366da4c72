// The last good set in a file, with the absolute ends of its directives' lives.
//
//   auto saved = load_state("/var/lib/osproxy/last-good.state", "osproxy/directives", limits);
//   if (!saved) complain(saved.error());               // torn, truncated, or another key's
//   if (*saved) …                                      // else there is no file yet
//   save_state(path, set);
//
// It lets a store start while its source is down, and keeps a restart from beginning a directive's
// life anew. A file is taken whole or refused with its reason: the first line has the format's
// version and a checksum of the rest, which is one line of JSON (docs/operating.md shows one). The
// checksum (FNV-1a-64) finds damage, not forgery: who may write the directory is trusted.
//
// Thread safety: free functions without shared state; two that save to one path at once leave one
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

/// The file's name in the directory that a store is given for its state.
inline constexpr char kStateFileName[] = "last-good.state";

struct SavedSet {
  std::string key{};             ///< of the document, so that another key's file is not taken
  std::uint64_t cluster_id = 0;  ///< etcd's
  std::int64_t revision = 0;     ///< of the document; 0: there was none
  WallTime saved_at{};
  std::string boot_id{};  ///< of the machine, then: boot times are comparable within one boot only
  Document document{};
  std::vector<Life> lives{};  ///< of each directive, in order

  friend bool operator==(const SavedSet&, const SavedSet&) = default;
};

/// Names the current boot of this machine (/proc/sys/kernel/random/boot_id); empty if there is no
/// such file.
std::string current_boot_id();

/// The ends of `saved.lives` as they stand `now`: on another boot, or where the boot is not known,
/// by the wall clock alone.
std::vector<Life> resumed_lives(const SavedSet& saved, std::string_view boot_id, Now now);

/// What was saved; nullopt if there is no file. The error names the path and what is wrong with it.
std::expected<std::optional<SavedSet>, std::string> load_state(const std::filesystem::path& path,
                                                               std::string_view key,
                                                               const DecodeLimits& limits);

/// Replaces the file atomically and durably: a temporary file beside it, fsync, rename, fsync of
/// the directory. It is readable by its owner only. Blocks for as long as the disk takes. The error
/// names the path and the cause; the old file is then still there.
std::expected<void, std::string> save_state(const std::filesystem::path& path,
                                            const SavedSet& saved);

}  // namespace osproxy
