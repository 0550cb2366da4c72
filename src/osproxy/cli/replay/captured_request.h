// Parses a line of a capture file (docs/capture.md), as far as sending its request again needs it.
//
// Pure functions.
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
  bool is_truncated = false;  ///< `body` is cut off
  std::string oddity{};       ///< a clause: why it cannot be sent as it was; empty if it can
  int status = 0;             ///< of the response that the client got; 0: it got none

  friend bool operator==(const CapturedRequest&, const CapturedRequest&) = default;
};

/// The request of a line; the error is a clause for a person. A target in absolute form (RFC 9112,
/// section 3.2.2) or without its first slash is put into origin form. A request that no client can
/// send again has an `oddity`.
std::expected<CapturedRequest, std::string> parse_captured(std::string_view line);

/// True if the table of routes (identify/classify.h) knows that the request changes nothing in
/// OpenSearch.
bool only_reads(const CapturedRequest& request);

}  // namespace osproxy::cli
