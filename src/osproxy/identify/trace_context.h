// Reads and writes W3C Trace Context: the trace of a request, and its continuation at the node.
//
//   const TraceParent client = parse_traceparent(value);  // "00-4bf9…-00f0…-01"
//   const TraceSpans spans = make_spans(client, random);  // if spans are exported
//   head.append("traceparent: ").append(spans.to_upstream);
//
// `tracestate` is never read, and is forwarded unchanged. Pure but for `random`.
#pragma once

#include <string>
#include <string_view>

#include "osproxy/core/random.h"

namespace osproxy {

/// The parts of a `traceparent`, as views into it; all empty if it is absent or not valid.
struct TraceParent {
  std::string_view trace_id{};   ///< 32 lower-case hex digits
  std::string_view parent_id{};  ///< 16
  std::string_view flags{};      ///< 2

  bool is_valid() const noexcept { return !trace_id.empty(); }
};

/// Parses `00-<trace-id>-<parent-id>-<flags>` (W3C Trace Context, section 3.2). Version 00 ends
/// there; later versions may go on after another dash. Version ff is invalid.
TraceParent parse_traceparent(std::string_view text) noexcept;

/// The ids of a request's spans: SERVER for the whole exchange, and its child CLIENT for the node.
struct TraceSpans {
  std::string trace_id{};
  std::string server{};       ///< id of the SERVER span
  std::string client{};       ///< id of the CLIENT span
  std::string to_upstream{};  ///< the `traceparent` that names the CLIENT span
};

/// Makes spans in the trace of `parent`, with its sampled flag; in a new, sampled trace if `parent`
/// is not valid.
TraceSpans make_spans(const TraceParent& parent, Random& random);

}  // namespace osproxy
