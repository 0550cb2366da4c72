#include "osproxy/core/read_file.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace osproxy {
namespace {

/// A pipe may be in the place of a file (`--token-file <(command)`), and its writer may never come.
constexpr int kPatienceMs = 2'000;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const noexcept { return number_; }

 private:
  const int number_;
};

std::unexpected<std::string> unreadable(int error) {
  return std::unexpected("cannot be read: " + std::generic_category().message(error));
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.number() < 0) return unreadable(errno);
  std::string bytes(max_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < bytes.size()) {
    pollfd readable{.fd = file.number(), .events = POLLIN, .revents = 0};
    if (::poll(&readable, 1, kPatienceMs) == 0) {
      return std::unexpected("cannot be read: it is a pipe that nobody writes to");
    }
    const ssize_t count = ::read(file.number(), bytes.data() + size, bytes.size() - size);
    if (count == 0) break;
    if (count > 0) {
      size += static_cast<std::size_t>(count);
    } else if (errno != EINTR && errno != EAGAIN) {
      return unreadable(errno);  // such as: it is a directory
    }
  }
  if (size > max_bytes) {
    return std::unexpected("has more than " + std::to_string(max_bytes) + " bytes");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace osproxy
