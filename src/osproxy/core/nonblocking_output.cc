#include "osproxy/core/nonblocking_output.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace osproxy {
namespace {

using Kind = OutputKind;

/// A pipe that is ready takes so much without blocking the writer (PIPE_BUF).
constexpr std::size_t kStreamPiece = 4'096;

constexpr std::size_t kFilePiece = std::size_t{64} << 10;

int open_again(int descriptor) {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  return ::open(path.c_str(), kFlags);
}

Kind kind_of(int descriptor) noexcept {
  struct stat facts{};
  if (::fstat(descriptor, &facts) != 0) return Kind::File;
  if (S_ISSOCK(facts.st_mode)) return Kind::Socket;
  const bool is_terminal = S_ISCHR(facts.st_mode) && ::isatty(descriptor) == 1;
  return S_ISFIFO(facts.st_mode) || is_terminal ? Kind::Stream : Kind::File;
}

}  // namespace

int duplicate_nonblocking(int descriptor) {
  int duplicate = -1;
  if (kind_of(descriptor) == Kind::Stream) duplicate = open_again(descriptor);
  return duplicate >= 0 ? duplicate : ::fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

NonblockingOutput::NonblockingOutput(int descriptor)
    : descriptor_(duplicate_nonblocking(descriptor)), kind_(kind_of(descriptor)) {}

NonblockingOutput::~NonblockingOutput() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool NonblockingOutput::is_ready(std::chrono::milliseconds patience) const noexcept {
  pollfd waiting{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  return descriptor_ < 0 || ::poll(&waiting, 1, static_cast<int>(patience.count())) > 0;
}

std::expected<std::size_t, int> NonblockingOutput::write(std::string_view text) const noexcept {
  const std::string_view piece = text.substr(0, kind_ == Kind::File ? kFilePiece : kStreamPiece);
  const ssize_t size = kind_ == Kind::Socket ? ::send(descriptor_, piece.data(), piece.size(),
                                                      MSG_DONTWAIT | MSG_NOSIGNAL)
                                             : ::write(descriptor_, piece.data(), piece.size());
  if (size < 0) return std::unexpected(errno);
  return static_cast<std::size_t>(size);
}

}  // namespace osproxy
