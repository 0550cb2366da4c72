#include "tests/support/private_files.h"

#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osproxy {
namespace {

namespace fs = std::filesystem;

/// With a network that has nothing but loopback, which is down. Root needs no user namespace, which
/// some machines forbid.
bool enter_namespaces() {
  return ::unshare(CLONE_NEWNET) == 0 || ::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
}

bool bring_up_loopback() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool is_up = ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
  ::close(socket);
  return is_up;
}

void write_files(const fs::path& root, const std::map<std::string, std::string>& files) {
  for (const auto& [path, text] : files) {
    const fs::path place = root / fs::path(path).relative_path();
    fs::create_directories(place.parent_path());
    std::ofstream(place) << text;
  }
}

}  // namespace

bool can_replace_files() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(enter_namespaces() ? 0 : 1);
  int status = -1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

// Not a mount over each file: that needs a mount point as root, which a chroot is not.
void exit_with_files(const std::map<std::string, std::string>& files,
                     const std::function<bool()>& body) {
  const fs::path above = fs::temp_directory_path();
  std::string root = (above / "osproxy-test-XXXXXX").string();
  if (::mkdtemp(root.data()) == nullptr) ::_exit(1);
  write_files(root, files);
  const int outside = ::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool is_inside =
      enter_namespaces() && bring_up_loopback() && ::chroot(root.c_str()) == 0 && ::chdir("/") == 0;
  const bool passed = is_inside && body();
  if (is_inside) {
    for (const auto& [path, text] : files)
      fs::remove_all("/" / *fs::path(path).relative_path().begin());
  }
  ::unlinkat(outside, fs::path(root).filename().c_str(), AT_REMOVEDIR);
  ::_exit(passed ? 0 : 1);
}

}  // namespace osproxy
