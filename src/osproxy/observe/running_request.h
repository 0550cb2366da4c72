// The requests under way: one as it is listed, and the query that selects them.
//
//   const RunningQuery query{.target = {.tenant = "acme"}, .slower = 1s, .limit = 20};
//   const RunningRequests running = server.running(query);
//   for (const RunningRequest& request : running.requests) show(request.request_id, request.age);
//
// A running request has names, sizes and times only, as a record has, and never a value.
//
// Regular values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/model.h"
#include "osproxy/record/stage_times.h"

namespace osproxy {

/// Members: what is known of a request before it ends. Empty texts: unknown, or not yet known.
struct RunningRequest {
  std::string request_id{};
  WallTime since{};                 ///< its first byte was seen
  std::chrono::nanoseconds age{0};  ///< the time since then
  Stage stage = Stage::Receive;
  Endpoint endpoint = Endpoint::Unknown;
  bool is_by_query = false;  ///< a reindex, or an update or delete by query
  std::string index{};       ///< of its path
  std::string tenant{};
  std::string principal{};
  bool principal_verified = false;
  std::string client{};     ///< its address
  std::string agent{};      ///< the product of its User-Agent
  std::string opaque_id{};  ///< its own X-Opaque-Id
  std::string node{};       ///< `host:port` of the node that it was sent to last
  bool node_tls = false;
  bool adds_opaque_id = false;       ///< the node knows it by its request id, as `X-Opaque-Id`
  std::uint64_t request_bytes = 0;   ///< of its body, received so far
  std::uint64_t response_bytes = 0;  ///< of its response's body, sent to the client so far
  int retries = 0;
};

struct RunningQuery {
  Target target{};
  std::optional<std::chrono::milliseconds> slower{};  ///< running at least this long
  std::size_t limit = 100;                            ///< of the oldest ones
  /// Those that the reader may see, sorted; empty: all.
  std::vector<std::string> tenants{};

  bool passes(const Attributes& attributes, std::chrono::nanoseconds age) const noexcept;
};

/// More are never listed at once: some megabytes.
inline constexpr std::size_t kMaxListed = 10'000;

/// The names of all listed requests together. A client may choose names of 1 KiB each. With the
/// escapes of JSON, and with kMaxListed usual ones, the response stays below the 16 MiB that
/// osproxyctl takes.
inline constexpr std::size_t kMaxListedBytes = std::size_t{4} << 20;

struct RunningRequests {
  std::uint64_t running = 0;                  ///< all of them, on the workers that have responded
  std::uint64_t matched = 0;                  ///< of these, the ones that pass
  std::vector<RunningRequest> requests{};     ///< the oldest of those, the oldest first
  std::vector<std::size_t> silent_workers{};  ///< that did not respond in time
};

/// The memory of its names.
std::size_t bytes_of(const RunningRequest& request) noexcept;

/// Joins the lists of the workers, and keeps the oldest `limit`.
RunningRequests joined(std::vector<RunningRequests> parts, std::size_t limit);

}  // namespace osproxy
