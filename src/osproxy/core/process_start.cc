#include "osproxy/core/process_start.h"

#include <array>
#include <csignal>
#include <cstddef>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

namespace osproxy {
namespace {

/// libgrpc 1.51 tests eventfd() when it is loaded, before main(), and leaves the descriptor open if
/// it is 0 (the destructor of its EventFdWakeupFd takes 0 for none). Nothing uses it.
void close_leaked_eventfd() noexcept {
  constexpr std::string_view kEventfd = "anon_inode:[eventfd]";
  std::array<char, 64> target;
  const ssize_t size = ::readlink("/proc/self/fd/0", target.data(), target.size());
  if (size > 0 && std::string_view(target.data(), static_cast<std::size_t>(size)) == kEventfd) {
    ::close(STDIN_FILENO);
  }
}

}  // namespace

void prepare_process() noexcept {
  close_leaked_eventfd();
  int descriptor = 0;
  do {
    descriptor = ::open("/dev/null", O_RDONLY);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace osproxy
