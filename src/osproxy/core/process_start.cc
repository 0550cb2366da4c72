#include "osproxy/core/process_start.h"

#include <csignal>

#include <fcntl.h>
#include <unistd.h>

namespace osproxy {

void prepare_process() noexcept {
  int descriptor = 0;
  do {
    descriptor = ::open("/dev/null", O_RDWR);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor > STDERR_FILENO) ::close(descriptor);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace osproxy
