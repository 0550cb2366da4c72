// Appends lines to a spool: a directory of NDJSON files, rotated by size, with the names
// capture-00000001.ndjson, capture-00000002.ndjson and so on.
//
//   SpoolFiles files({.directory = "/var/spool/osproxy", .file_bytes = 64 << 20, .files = 16});
//   if (auto opened = files.open(); !opened) return fail(opened.error());
//   if (auto written = files.append(line); !written) return fail(written.error());
//
// A file is created with mode 0600 when its first line is written; each process begins a new file.
// Before that, the oldest files are removed, so that there are never more than `files`, nor more
// bytes than files × file_bytes. A line is in a file whole or not at all: if a full disk takes only
// a part of it, that part is truncated again.
//
// Anybody may move or remove files at any time. A file that is no longer where it was is left
// alone, and the next line begins a new one. A number is used once: the file `lock` holds the last.
//
// A lock on that file keeps the directory to one process at a time. If the file is gone, because
// somebody has removed the directory and made it again, the next line makes and locks it again; if
// another process has been faster, no line is written until it ends. Not thread-safe.
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
  /// Writes to a file; ::write() by default. Tests simulate a full disk with it.
  std::function<ssize_t(int file, std::string_view bytes)> write{};
};

class SpoolFiles {
 public:
  explicit SpoolFiles(SpoolFilesOptions options);
  ~SpoolFiles();
  SpoolFiles(const SpoolFiles&) = delete;
  SpoolFiles& operator=(const SpoolFiles&) = delete;

  /// Creates the directory if it does not exist (mode 0700; its parent must exist), and locks it.
  /// The error is a sentence that names the directory.
  std::expected<void, std::string> open();

  /// After open(): a sentence if other users may write to the directory, and so remove captures;
  /// else empty.
  std::string warning() const;

  /// Appends `line`, which ends with a line feed and must fit into a file. The error is the
  /// system's reason, such as "No space left on device"; nothing of the line is in the file then.
  std::expected<void, std::string> append(std::string_view line);

  /// The number of files removed to make room for newer ones.
  std::uint64_t removed() const noexcept { return removed_; }

 private:
  std::filesystem::path path_of(std::uint64_t number) const;
  std::filesystem::path lock_path() const;
  std::expected<void, std::string> lock();
  bool has_lock() const noexcept;
  std::expected<void, std::string> find_files();
  std::expected<void, std::string> begin_file();
  std::expected<void, std::string> make_room();
  std::expected<void, std::string> keep_number(std::uint64_t number) const;
  void forget_missing_files();
  bool has_gone() const noexcept;
  void cut_back() noexcept;
  void close_file() noexcept;

  const SpoolFilesOptions options_;
  int lock_ = -1;
  int file_ = -1;
  std::size_t size_ = 0;               // of the open file
  std::deque<std::uint64_t> numbers_;  // of the existing files, the oldest first
  std::uint64_t last_number_ = 0;      // ever used
  std::uint64_t removed_ = 0;
};

}  // namespace osproxy
