// The record: what is kept of one selected request. Its JSON form is the explain document.
//
// Shape only: ids, names, sizes, counts, times. There is no field that a document value, a query
// literal, a token or a header value could be put into, and none may be added.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/model.h"

namespace osproxy {

/// When things happened to a request; recorded from Level::ShapeTiming on. Each is the time since
/// the first byte of the request's head was read; absent if the request never came that far.
struct StageTimes {
  std::optional<std::chrono::nanoseconds> upstream_connected;  ///< a connection was at hand
  std::optional<std::chrono::nanoseconds> request_sent;        ///< its last byte went upstream
  std::optional<std::chrono::nanoseconds> first_byte;          ///< of the answer, from upstream
  std::chrono::nanoseconds total{0};                           ///< the answer's last byte was sent

  friend bool operator==(const StageTimes&, const StageTimes&) = default;
};

/// A regular value. Client-supplied names are bounded and cleaned by whoever fills them in.
struct Record {
  std::string request_id;
  std::string trace_id;  ///< from `traceparent`; empty if there was none
  Level level = Level::Off;
  std::vector<std::string> directives;  ///< ids of those that selected it, at most 8
  WallTime started;

  Endpoint endpoint = Endpoint::Unknown;
  std::string method;     ///< a known method, or "OTHER"
  std::string index;      ///< the index expression; empty if the path names none
  std::string tenant;     ///< empty if unknown
  std::string principal;  ///< empty if unknown
  bool principal_verified = false;
  std::string protocol;  ///< "HTTP/1.1"
  bool tls = false;

  std::uint64_t request_bytes = 0;   ///< body bytes received from the client
  std::uint64_t response_bytes = 0;  ///< body bytes sent to the client
  int status = 0;                    ///< as sent to the client; 0: none was
  std::string upstream;              ///< host:port of the node that answered; empty if none did
  bool connection_reused = false;    ///< the upstream connection came from the pool
  int retries = 0;
  /// Why osproxy refused, failed or broke it off: a constant of ours such as
  /// "upstream_unreachable"; empty for an answer that was passed on whole.
  std::string error;

  StageTimes times;  ///< shown from Level::ShapeTiming on

  friend bool operator==(const Record&, const Record&) = default;
};

/// The explain document: one JSON object, in the order of docs/explain.md.
std::string to_json(const Record& record);

}  // namespace osproxy
