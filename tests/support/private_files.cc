#include "tests/support/private_files.h"

#include <fstream>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

bool enter_namespaces() {
  constexpr int kWanted = CLONE_NEWNS | CLONE_NEWNET;
  // Root needs no user namespace, which some machines forbid.
  if (::unshare(kWanted) != 0 && ::unshare(CLONE_NEWUSER | kWanted) != 0) return false;
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
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

bool replace(const std::string& path, const std::string& text) {
  const TempDir dir;  // the mount keeps the file
  const std::string source = dir.path() / "file";
  std::ofstream(source) << text;
  return ::mount(source.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

}  // namespace

bool can_replace_files() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(enter_namespaces() ? 0 : 1);
  int status = -1;
  return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
}

void exit_with_files(const std::map<std::string, std::string>& files,
                     const std::function<bool()>& body) {
  bool passed = enter_namespaces() && bring_up_loopback();
  for (const auto& [path, text] : files) passed = passed && replace(path, text);
  ::_exit(passed && body() ? 0 : 1);
}

}  // namespace osproxy
