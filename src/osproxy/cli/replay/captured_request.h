// Reads the request of a line of a capture file (docs/capture.md), to send it again.
//
// Thread safety: a regular value and pure functions.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osproxy::cli {

/// A regular value.
struct CapturedRequest {
  std::string id{};
  std::string method{};
  std::string target{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  bool is_truncated = false;  ///< `body` is not complete
  int status = 0;             ///< of the response that the client got; 0: none

  friend bool operator==(const CapturedRequest&, const CapturedRequest&) = default;
};

/// Reads a line. The error is a clause for a person.
std::expected<CapturedRequest, std::string> parse_captured(std::string_view line);

/// True if the request changes nothing in OpenSearch: GET, HEAD and OPTIONS, and a POST of a search
/// or of another API that only reads.
bool only_reads(const CapturedRequest& request);

}  // namespace osproxy::cli
