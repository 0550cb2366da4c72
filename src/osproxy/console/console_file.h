// The files of the web console, as the build embeds them: compressed, with their type and hash.
//
//   const console::ConsoleFile* file = console::find_file("app.js");
//   if (file == nullptr) return std::string();
//   return console::decompress(*file);
//
// CMake compresses the files of assets/ and third_party/console/ and writes them into a source of
// this library (cmake/OsproxyConsole.cmake). docs/console.md describes the console.
//
// Thread safety: pure functions over constants.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace osproxy::console {

struct ConsoleFile {
  std::string_view name{};          ///< "app.js"; no folder
  std::string_view content_type{};  ///< for the header of that name
  std::string_view sha256{};        ///< of the plain content, in hex
  std::string_view gzip{};          ///< the content, compressed
  std::size_t plain_bytes = 0;
};

/// The page that loads all others.
inline constexpr std::string_view kPage = "index.html";

/// All files, sorted by name.
std::span<const ConsoleFile> all_files() noexcept;

/// Returns the file with that name; null if there is none.
const ConsoleFile* find_file(std::string_view name) noexcept;

/// Returns the plain content, for the rare client that takes no gzip.
std::string decompress(const ConsoleFile& file);

}  // namespace osproxy::console
