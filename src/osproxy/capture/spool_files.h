// A directory of NDJSON files that are rotated by size: capture-00000001.ndjson and on.
//
//   SpoolFiles files({.directory = "/var/spool/osproxy", .file_bytes = 64 << 20, .files = 16});
//   if (auto opened = files.open(); !opened) fail(opened.error());
//   if (auto written = files.append(line); !written) …           // nothing of it is in the file
//
// A file is begun with the first line that is for it, with mode 0600; a new process begins a new
// one. Before a file is begun the oldest go, so that there are never more than `files`, nor more
// bytes than files × file_bytes. A line is in a file whole or not at all: what a full disk leaves
// of one is cut off again.
//
// The directory belongs to one process at a time, which a lock on its file `lock` sees to.
// Not thread-safe: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace osproxy {

struct SpoolFilesOptions {
  std::filesystem::path directory;
  std::size_t file_bytes = std::size_t{64} << 20;
  std::size_t files = 16;
  /// As ::write(); tests have a disk of their own.
  std::function<ssize_t(int file, std::string_view bytes)> write{};
};

class SpoolFiles {
 public:
  explicit SpoolFiles(SpoolFilesOptions options);
  ~SpoolFiles();
  SpoolFiles(const SpoolFiles&) = delete;
  SpoolFiles& operator=(const SpoolFiles&) = delete;

  /// Makes the directory if it is not there (mode 0700; its parent must be), and locks it. The
  /// error is a sentence that names it.
  std::expected<void, std::string> open();

  /// Appends `line`, its line feed included, which must fit into a file. The error says why not:
  /// "No space left on device".
  std::expected<void, std::string> append(std::string_view line);

  /// Files that went because newer ones came.
  std::uint64_t removed() const noexcept { return removed_; }

 private:
  std::filesystem::path path_of(std::uint64_t number) const;
  std::expected<void, std::string> find_files();
  std::expected<void, std::string> begin_file();
  bool has_gone() const noexcept;
  void cut_back() noexcept;
  void close_file() noexcept;

  const SpoolFilesOptions options_;
  int lock_ = -1;
  int file_ = -1;
  std::size_t size_ = 0;               // of the file
  std::deque<std::uint64_t> numbers_;  // of the files that are there, the oldest first
  std::uint64_t removed_ = 0;
};

}  // namespace osproxy
