// W3C Trace Context: which trace a request belongs to, and what the node is told of it.
//
//   const TraceParent client = parse_traceparent("00-4bf9…-00f0…-01");
//   TraceSpans spans = make_spans(client, random);         // only if spans are to be exported
//   head.append("traceparent: ").append(spans.to_upstream);
//
// `tracestate` is never read: it goes on as it came. Pure but for `random`.
#pragma once

#include <string>
#include <string_view>

#include "osproxy/core/random.h"

namespace osproxy {

/// The parts of a `traceparent`, as views into it; all empty if there is none that is valid.
struct TraceParent {
  std::string_view trace_id{};   ///< 32 lower-case hex digits
  std::string_view parent_id{};  ///< 16
  std::string_view flags{};      ///< 2

  bool is_valid() const noexcept { return !trace_id.empty(); }
};

/// `00-<trace-id>-<parent-id>-<flags>` (W3C Trace Context, section 3.2). Version 00 ends there; a
/// later one may go on behind another dash. Version ff is invalid.
TraceParent parse_traceparent(std::string_view text) noexcept;

/// The ids of a request's spans: SERVER for what the client sees, CLIENT below it for the node.
struct TraceSpans {
  std::string trace_id{};
  std::string server{};       ///< id of the SERVER span
  std::string client{};       ///< id of the CLIENT span
  std::string to_upstream{};  ///< the `traceparent` that names the CLIENT span
};

/// In the trace of `parent`, with its sampled flag; in a new and sampled trace if it is not valid.
TraceSpans make_spans(const TraceParent& parent, Random& random);

}  // namespace osproxy
