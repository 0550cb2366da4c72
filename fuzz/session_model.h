// The model of session_fuzz: it reads the requests in a client's bytes, and shares no code with the
// proxy. It is slow, short, and stricter than a proxy must be: the proxy must not forward a request
// that the model refuses.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osproxy::fuzz {

struct Request {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  bool chunked = false;
  std::string payload;  // the part of it that has arrived
  bool whole = false;   // the payload has its last byte
  bool last = false;    // no bytes after it are a request
  std::size_t size = 0;

  std::vector<std::string> values(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& [field, value] : fields) {
      if (field == name) found.push_back(value);
    }
    return found;
  }
};

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

inline std::string stripped(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") + 1 - begin));
}

inline bool is_name(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.contains(c);
  });
}

/// Takes the bytes up to `mark`, and `mark` too; nullopt if there is none.
inline std::optional<std::string_view> take_to(std::string_view& bytes, std::string_view mark) {
  const auto at = bytes.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view front = bytes.substr(0, at);
  bytes.remove_prefix(at + mark.size());
  return front;
}

/// After the size line of each chunk stand as many bytes as it says. A size is hex digits, perhaps
/// followed by blanks and an extension.
inline bool read_chunks(std::string_view& bytes, Request& request) {
  while (true) {
    const auto line = take_to(bytes, "\r\n");
    if (!line) return false;
    const std::string_view digits =
        line->substr(0, line->find_first_not_of("0123456789abcdefABCDEF"));
    const std::string behind = stripped(line->substr(digits.size()));
    if (digits.empty() || digits.size() > 16 || (!behind.empty() && behind[0] != ';')) return false;
    for (const char c : *line) {
      if (c != '\t' && std::iscntrl(static_cast<unsigned char>(c)) != 0) return false;
    }
    const std::uint64_t size = std::stoull(std::string(digits), nullptr, 16);
    if (size == 0) break;
    request.payload.append(bytes.substr(0, size));
    if (bytes.size() < size) return false;
    bytes.remove_prefix(size);
    if (!bytes.starts_with("\r\n")) return false;
    bytes.remove_prefix(2);
  }
  while (const auto line = take_to(bytes, "\r\n")) {
    if (line->empty()) return true;
    if (!is_name(line->substr(0, line->find(':')))) return false;
  }
  return false;
}

inline bool read_fields(std::string_view head, Request& request) {
  while (!head.empty()) {
    const std::string_view line = *take_to(head, "\r\n");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_name(line.substr(0, colon))) return false;
    request.fields.emplace_back(lower(line.substr(0, colon)), stripped(line.substr(colon + 1)));
  }
  return true;
}

inline bool has_option(const Request& request, std::string_view option) {
  for (const std::string& value : request.values("connection")) {
    std::string_view list = value;
    while (const auto element = take_to(list, ",")) {
      if (lower(stripped(*element)) == option) return true;
    }
    if (lower(stripped(list)) == option) return true;
  }
  return false;
}

/// The request at the front of `bytes`; nullopt if there is none, or none that may pass.
inline std::optional<Request> read_request(std::string_view bytes) {
  const std::size_t before = bytes.size();
  if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  std::string_view head = bytes.substr(0, end + 2);
  bytes.remove_prefix(end + 4);
  for (std::size_t i = 0; i < head.size(); ++i) {
    if (head.substr(i, 2) == "\r\n") {
      ++i;
    } else if (head[i] != '\t' && std::iscntrl(static_cast<unsigned char>(head[i])) != 0) {
      return std::nullopt;
    }
  }
  Request request;
  std::string_view line = *take_to(head, "\r\n");
  const auto method = take_to(line, " ");
  const auto target = take_to(line, " ");
  if (!method || !target || !is_name(*method) || target->empty()) return std::nullopt;
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return std::nullopt;
  const bool is_1_0 = line == "HTTP/1.0";
  request.method = *method;
  request.target = *target;
  if (!read_fields(head, request)) return std::nullopt;

  const auto hosts = request.values("host").size();
  if (hosts > 1 || (hosts == 0 && !is_1_0)) return std::nullopt;
  const auto lengths = request.values("content-length");
  const auto codings = request.values("transfer-encoding");
  if (lengths.size() + codings.size() > 1) return std::nullopt;
  request.last = has_option(request, "close") || (is_1_0 && !has_option(request, "keep-alive"));
  if (!codings.empty()) {
    if (is_1_0 || lower(codings[0]) != "chunked") return std::nullopt;
    request.chunked = true;
    request.whole = read_chunks(bytes, request);
  } else if (!lengths.empty()) {
    const std::string& digits = lengths[0];
    if (digits.empty() || digits.size() > 19 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
      return std::nullopt;
    }
    const std::uint64_t length = std::stoull(digits);
    request.payload = bytes.substr(0, length);
    request.whole = request.payload.size() == length;
    bytes.remove_prefix(request.payload.size());
  } else {
    request.whole = true;
  }
  request.size = before - bytes.size();
  return request;
}

/// All requests that may pass, in order. No bytes after an incomplete one are a request.
inline std::vector<Request> read_requests(std::string_view bytes) {
  std::vector<Request> requests;
  while (auto request = read_request(bytes)) {
    bytes.remove_prefix(request->size);
    requests.push_back(*std::move(request));
    if (!requests.back().whole || requests.back().last) break;
  }
  return requests;
}

}  // namespace osproxy::fuzz
