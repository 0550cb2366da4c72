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
#include "osproxy/record/body_structure.h"
#include "osproxy/record/response_facts.h"
#include "osproxy/record/rewrite.h"
#include "osproxy/record/stage_times.h"

namespace osproxy {

/// A regular value. Client-supplied names are bounded and cleaned by whoever fills them in; the
/// keys in `body` by key_names.h.
struct Record {
  std::string request_id;
  std::string trace_id;  ///< from `traceparent`; empty if there was none and there are no spans
  std::string span_id;   ///< of the SERVER span; empty if no spans are exported, as the next two
  std::string parent_span_id;    ///< from `traceparent`; empty if there was none
  std::string upstream_span_id;  ///< of the CLIENT span; empty if nothing was sent to a node
  Level level = Level::Off;
  /// Ids of those that selected it, at most 8; and behind them, if the request carried a signed
  /// one, "signed:" and that one's id, or "signed".
  std::vector<std::string> directives;
  std::string signed_fault;  ///< why the signed one that it carried is refused; empty: it is not
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
  /// "upstream_unreachable"; empty for a response that was passed on whole.
  std::string error;

  std::chrono::nanoseconds latency{0};  ///< from the first byte received to the last one sent

  std::optional<ResponseFacts>
      response;  ///< what OpenSearch's response says; absent if it sent none

  StageTimes times;  ///< shown from Level::ShapeTiming on; taken at lower ones for spans only

  Rewrite rewrite;     ///< at Level::ShapeRewriteDiff
  BodyStructure body;  ///< of the request, at Level::ShapeRewriteDiff

  friend bool operator==(const Record&, const Record&) = default;
};

/// The explain document: one JSON object, in the order of docs/explain.md.
std::string to_json(const Record& record);

/// Its `rewrite` and its `body` alone: for outputs that have fields of their own for the rest.
std::string rewrite_to_json(const Record& record);
std::string body_to_json(const Record& record);

}  // namespace osproxy
