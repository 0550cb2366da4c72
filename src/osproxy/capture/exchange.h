// One exchange in full, as it stands in a line of the spool: heads and bodies, both ways.
//
//   {"v":1,"request_id":"…","started":"…","directives":["…"],"status":200,"upstream":"…",
//    "latency_us":1500,"error":null,
//    "request":{"method":"POST","target":"/orders/_search","headers":[["Host","a"],…],
//               "stripped":["Authorization"],"body":"{…}","body_encoding":"utf-8",
//               "body_bytes":17,"truncated":false},
//    "response":{"status":200,"headers":[…],…the same…}}
//
// This is the one place that holds what clients and OpenSearch wrote. A body that is no UTF-8 is
// base64, and `body_encoding` says so. `response` is null if no response of OpenSearch was passed
// on. A value: regular, no synchronization.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"

namespace osproxy {

struct CapturedHeader {
  std::string name;
  std::string value;

  friend bool operator==(const CapturedHeader&, const CapturedHeader&) = default;
};

struct CapturedMessage {
  std::vector<CapturedHeader> headers{};  ///< as received, in their order
  std::vector<std::string> stripped{};    ///< names of those that are left out: credentials
  std::string body{};                     ///< without transfer coding; the first bytes of it
  std::uint64_t body_bytes = 0;           ///< that went by
  bool truncated = false;  ///< `body` is not all: over the bound, or it never came to its end
};

struct CapturedExchange {
  std::string request_id{};
  WallTime started{};
  std::vector<std::string> directives{};
  std::string method{};
  std::string target{};
  CapturedMessage request{};
  int response_status = 0;                    ///< OpenSearch's; 0: no response was passed on
  std::optional<CapturedMessage> response{};  ///< likewise
  int status = 0;                             ///< as sent to the client; 0: none was
  std::string upstream{};
  std::string error{};  ///< empty: none
  std::chrono::nanoseconds latency{0};
};

/// One line of JSON, without the line feed.
std::string to_json(const CapturedExchange& exchange);

}  // namespace osproxy
