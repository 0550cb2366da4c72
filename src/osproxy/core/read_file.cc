#include "osproxy/core/read_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

namespace osproxy {
namespace {

std::unexpected<std::string> unreadable(int error) {
  return std::unexpected("cannot be read: " + std::generic_category().message(error));
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"),
                                                             &std::fclose);
  if (!file) return unreadable(errno);
  std::string bytes(max_bytes + 1, '\0');
  bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file.get()));
  if (std::ferror(file.get()) != 0) return unreadable(errno);  // such as: it is a directory
  if (bytes.size() > max_bytes) {
    return std::unexpected("has more than " + std::to_string(max_bytes) + " bytes");
  }
  return bytes;
}

}  // namespace osproxy
