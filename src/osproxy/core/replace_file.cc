#include "osproxy/core/replace_file.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace osproxy {
namespace {

namespace fs = std::filesystem;

std::unexpected<std::string> failed(const fs::path& path, std::string_view what, int error) {
  return std::unexpected(
      fmt::format("{}: {}: {}", path.string(), what, std::generic_category().message(error)));
}

/// Closes a file descriptor at the end of its scope.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  const int fd_;
};

std::expected<void, int> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::unexpected(errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// Writes a new file in the directory of `path`, syncs it, and stores its name in `name`.
std::expected<void, std::string> write_beside(const fs::path& path, std::string_view bytes,
                                              std::string& name) {
  name = path.string() + ".XXXXXX";
  const File file(::mkostemp(name.data(), O_CLOEXEC));  // mode 0600
  if (!file.is_open()) return failed(path, "cannot create a file in its directory", errno);
  const auto written = write_all(file.fd(), bytes);
  if (!written) return failed(name, "cannot write", written.error());
  if (::fsync(file.fd()) != 0) return failed(name, "cannot sync", errno);
  return {};
}

}  // namespace

std::expected<void, std::string> replace_file(const fs::path& path, std::string_view bytes) {
  std::string name;
  auto written = write_beside(path, bytes, name);
  if (written && ::rename(name.c_str(), path.c_str()) != 0) {
    written = failed(path, "cannot replace it", errno);
  }
  if (!written) {
    ::unlink(name.c_str());
    return written;
  }
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const File directory(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.is_open() || ::fsync(directory.fd()) != 0) {
    return failed(parent, "cannot sync the directory", errno);
  }
  return {};
}

}  // namespace osproxy
