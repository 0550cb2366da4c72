// Replaces a small file, so that a reader and a crash find the old bytes or the new ones.
//
//   auto written = replace_file("/var/lib/osproxy/last-good", bytes);
//   if (!written) warn(written.error());   // "/var/lib/osproxy/last-good: cannot replace it: …"
//
// Atomic and durable: a temporary file in the same directory, fsync, rename, fsync of the
// directory. Only its owner can read it. Blocks for as long as the disk takes. Thread safety: a
// free function.
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>

namespace osproxy {

/// The error names the path and the cause; the old file is then still there.
std::expected<void, std::string> replace_file(const std::filesystem::path& path,
                                              std::string_view bytes);

}  // namespace osproxy
