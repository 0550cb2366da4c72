// A line of a capture file (docs/capture.md), as far as it is needed to send its request again.
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
  bool is_truncated = false;  ///< `body` is not all of it
  int status = 0;             ///< as the client was answered then; 0: it was not

  friend bool operator==(const CapturedRequest&, const CapturedRequest&) = default;
};

/// The request of a line; or why there is none, a clause for a person.
std::expected<CapturedRequest, std::string> parse_captured(std::string_view line);

/// True if OpenSearch changes nothing by it: GET, HEAD and OPTIONS, and a POST of a search or of
/// another API that only reads.
bool only_reads(const CapturedRequest& request);

}  // namespace osproxy::cli
