// Holds one captured exchange in full: heads and bodies, both ways. It is written as one line of
// JSON (here with line breaks), terminated by a line feed:
//
// ```
// {"v":1,                                          version of the format
//  "request_id":"…","started":"…",                 RFC 3339, UTC
//  "directives":["…"],"status":200,"upstream":"…","latency_us":1500,"error":null,
//  "request":{"method":"POST","target":"/orders/_search",
//             "headers":[["Host","a"],…],          as received, in their order
//             "stripped":["Authorization"],        names of the headers left out
//             "body":"{…}","body_encoding":"utf-8",     or "base64", if the body is not UTF-8
//             "body_bytes":17,"truncated":false},  the size of the whole body
//  "response":{"status":200,"headers":[…],         or null, if no response was forwarded
//              "stripped":[],"body":"…","body_encoding":"utf-8","body_bytes":2,"truncated":false}}
// ```
//
// No other part of the project keeps text that clients and OpenSearch wrote.
//
// Regular values; not thread-safe.
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
  std::vector<std::string> stripped{};    ///< names of headers left out, as they hold credentials
  std::string body{};                     ///< the first bytes, without transfer coding
  std::uint64_t body_bytes = 0;           ///< size of the whole body, as far as it was forwarded
  bool truncated = false;  ///< `body` lacks bytes: over a bound, or the sender broke off
};

struct CapturedExchange {
  std::string request_id{};
  WallTime started{};
  std::vector<std::string> directives{};
  std::string method{};
  std::string target{};
  CapturedMessage request{};
  int response_status = 0;                    ///< OpenSearch's; 0 if no response was forwarded
  std::optional<CapturedMessage> response{};  ///< absent if no response was forwarded
  int status = 0;                             ///< as sent to the client; 0 if none was sent
  std::string upstream{};
  std::string error{};  ///< empty if there was none
  std::chrono::nanoseconds latency{0};
};

/// One line of JSON, without the line feed.
std::string to_json(const CapturedExchange& exchange);

}  // namespace osproxy
