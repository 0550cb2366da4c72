// The record of one selected request. Its JSON form is the explain document (docs/explain.md).
//
// A record describes the shape of a request only: ids, names, sizes, counts, times. No field can
// hold a document value, a query literal, a token or a header value, and none that can may be
// added.
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

/// A regular value. Names that come from the client are bounded and cleaned before they are stored
/// here: the keys in `body` by inspect/key_names.h, the others by identify/attributes.h.
///
/// Members: one for each field of the explain document, in its order; record_fields.h lists them
/// once more, so that none is forgotten where records are packed.
struct Record {
  std::string request_id;
  std::string trace_id;  ///< from `traceparent`; empty if there was none and there are no spans
  std::string span_id;   ///< of the SERVER span; empty if no spans are exported
  std::string parent_span_id;    ///< from `traceparent`; empty if there was none
  std::string upstream_span_id;  ///< of the CLIENT span; empty if nothing was sent to a node
  Level level = Level::Off;
  /// Ids of the directives that selected it, at most 8; then, if the request carried a signed
  /// directive, "signed:" and its id, or "signed".
  std::vector<std::string> directives;
  std::string signed_fault;  ///< why the request's signed directive is refused; empty if it is not
  WallTime started;

  Endpoint endpoint = Endpoint::Unknown;
  std::string method;     ///< a known method, or "OTHER"
  std::string index;      ///< the index expression; empty if the path names none
  std::string tenant;     ///< empty if unknown
  std::string principal;  ///< empty if unknown
  bool principal_verified = false;
  std::string client;     ///< the client's address; empty if unknown or not kept
  std::string agent;      ///< the product of its User-Agent; likewise
  std::string opaque_id;  ///< its own X-Opaque-Id; likewise
  std::string protocol;   ///< "HTTP/1.1"; empty if the client sent no valid version
  bool tls = false;
  std::optional<BodyIndices> body_indices;  ///< absent if the body was not read for them
  std::optional<std::uint64_t> shape;       ///< inspect/shape_hash.h; absent if it is not known

  std::uint64_t request_bytes = 0;   ///< body bytes received from the client
  std::uint64_t response_bytes = 0;  ///< body bytes that the kernel took for the client
  /// Of a long response, the bytes on the wire that the client had not acknowledged when the kernel
  /// had taken the last one; nullopt if it was short.
  std::optional<std::uint64_t> unacknowledged_bytes{};
  int status = 0;        ///< as sent to the client; 0 if none was sent
  std::string upstream;  ///< host:port of the node that responded; empty if none did
  /// The upstream connection came from the pool; absent if nothing was sent to a node.
  std::optional<bool> connection_reused;
  int retries = 0;
  /// Why osproxy refused, failed or broke off the request: a slug of docs/http.md such as
  /// "upstream_unreachable"; empty if it passed on a whole response.
  std::string error;

  std::chrono::nanoseconds latency{0};  ///< from the first byte received to the last one sent

  std::optional<ResponseFacts> response;  ///< read from OpenSearch's body; absent if it sent none

  StageTimes times;  ///< shown from Level::ShapeTiming on; at lower levels measured for spans only
  std::chrono::microseconds stalled{0};  ///< the longest time that the worker's loop stood still

  Rewrite rewrite;     ///< at Level::ShapeRewriteDiff
  BodyStructure body;  ///< of the request, at Level::ShapeRewriteDiff

  friend bool operator==(const Record&, const Record&) = default;
};

/// The explain document: one JSON object, in the order of docs/explain.md.
std::string to_json(const Record& record);

/// The document's `rewrite` and `body` alone, for outputs that show the rest in their own fields.
std::string rewrite_to_json(const Record& record);
std::string body_to_json(const Record& record);

/// The document's `response.failures_by_error` alone.
std::string to_json(const std::vector<ItemFailure>& failures);

}  // namespace osproxy
