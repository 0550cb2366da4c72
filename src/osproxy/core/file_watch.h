// Notices that files or folders have changed, by their places on the disk, sizes and times.
//
//   FileWatch watch({"/etc/osproxy/ca.pem"});    // as they are now
//   read_files();
//   if (watch.has_changed()) read_files();
//
// Make the watch before the files are read: a change during the read is then seen later. A link is
// followed, so that a link that leads elsewhere is a change. A file that is not there is as good as
// any other state. Of a folder, only added and removed names are changes.
//
// Not thread-safe. Blocks for as long as the file system does.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace osproxy {

class FileWatch {
 public:
  explicit FileWatch(std::vector<std::string> paths);

  /// True if one of them has changed since the last call, or since the construction.
  bool has_changed();

 private:
  /// Device, inode, size, and the times of content and of inode; zeros if there is no file.
  using State = std::array<std::int64_t, 7>;

  static State state_of(const std::string& path);
  std::vector<State> states() const;

  std::vector<std::string> paths_;
  std::vector<State> seen_;
};

}  // namespace osproxy
