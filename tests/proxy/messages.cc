#include "tests/proxy/messages.h"

#include <fmt/format.h>

#include "tests/support/raw_socket.h"

namespace osproxy {
namespace {

std::string length_line(std::string_view body) {
  return fmt::format("Content-Length: {}\n", body.size());
}

}  // namespace

std::string request_head(std::string_view line, std::string_view lines) {
  return crlf(fmt::format("{} HTTP/1.1\nHost: h\n{}{}\n", line, lines, kIds));
}

std::string chunked_head_seen(std::string_view line) {
  return crlf(fmt::format("{} HTTP/1.1\nHost: h\n{}Transfer-Encoding: chunked\n\n", line, kIds));
}

std::string request(std::string_view line, std::string_view body) {
  return request_head(line, length_line(body)).append(body);
}

std::string gathered_part() { return std::string(std::size_t{64} * 1024, 'x'); }

std::string get(std::string_view target) { return request_head(fmt::format("GET {}", target)); }

std::string ok_head(std::string_view lines) {
  return crlf(fmt::format("HTTP/1.1 200 OK\n{}\n", lines));
}

std::string ok_head_seen(std::string_view lines) {
  return crlf(fmt::format("HTTP/1.1 200 OK\n{}X-Request-Id: r\n\n", lines));
}

std::string response(std::string_view body) { return ok_head(length_line(body)).append(body); }

std::string response_seen(std::string_view body) {
  return ok_head_seen(length_line(body)).append(body);
}

std::string last_response_seen(std::string_view body) {
  return ok_head(length_line(body) + "X-Request-Id: r\nConnection: close\n").append(body);
}

std::string closing_response(std::string_view body) {
  return ok_head("Connection: close\n" + length_line(body)).append(body);
}

}  // namespace osproxy
