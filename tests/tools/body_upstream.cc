// The upstream of the proxy benchmark for large bodies: it reads all of a request before it
// answers, which nginx's `return` does not, and responses `GET /bytes/N` with N bytes. Also the
// nodes of the soak: each POST is a line in LOG (its target), written before the response, so that
// who kills this program knows what it has executed.
//
//   body_upstream PORT [LOG]
//
// One thread a connection, no time-outs, and just enough HTTP for wrk and the proxies beside us:
// requests are framed by Content-Length or have no body.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::size_t kBufferSize = 256 * 1024;

bool send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "\ncontent-length:";
  const auto found = std::search(head.begin(), head.end(), kName.begin(), kName.end(),
                                 [](char a, char b) { return (a | 0x20) == (b | 0x20); });
  if (found == head.end()) return 0;
  return std::strtoul(&*found + kName.size(), nullptr, 10);
}

bool response(int fd, std::string_view head, const std::string& payload) {
  constexpr std::string_view kPath = "GET /bytes/";
  std::size_t size = 2;
  if (head.starts_with(kPath)) size = std::strtoul(head.data() + kPath.size(), nullptr, 10);
  std::string out = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                    std::to_string(size) + "\r\n\r\n";
  if (size < kBufferSize / 16) {
    out.append(payload, 0, size);
    size = 0;
  }
  if (!send_all(fd, out)) return false;
  while (size > 0) {
    const std::size_t part = std::min(size, payload.size());
    if (!send_all(fd, std::string_view(payload).substr(0, part))) return false;
    size -= part;
  }
  return true;
}

// In one write, which no other thread's gets into.
void note_execution(int log, std::string_view head) {
  if (log < 0 || !head.starts_with("POST ")) return;
  std::string line(head.substr(5, head.find(' ', 5) - 5));
  line += '\n';
  if (::write(log, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
}

void serve(int fd, int log) {
  const std::string payload(kBufferSize, ' ');
  std::vector<char> buffer(kBufferSize);
  std::string head;
  while (true) {
    const auto end = head.find("\r\n\r\n");
    if (end == std::string::npos) {
      const auto size = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (size <= 0) break;
      head.append(buffer.data(), static_cast<std::size_t>(size));
      continue;
    }
    std::size_t left = content_length(head.substr(0, end + 2));
    const std::size_t here = std::min(left, head.size() - (end + 4));
    left -= here;
    while (left > 0) {
      const auto size = ::recv(fd, buffer.data(), std::min(left, buffer.size()), 0);
      if (size <= 0) break;
      left -= static_cast<std::size_t>(size);
    }
    if (left > 0) break;
    note_execution(log, head);
    if (!response(fd, head, payload)) break;
    head.erase(0, end + 4 + here);
  }
  ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fputs("usage: body_upstream PORT [LOG]\n", stderr);
    return 2;
  }
  int log = -1;
  if (argc == 3) {
    log = ::open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (log < 0) {
      std::perror(argv[2]);
      return 1;
    }
  }
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(argv[1])));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, SOMAXCONN) != 0) {
    std::perror("body_upstream");
    return 1;
  }
  while (true) {
    const int fd = ::accept(listener, nullptr, nullptr);
    if (fd < 0) continue;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::thread(serve, fd, log).detach();
  }
}
