// Classifies an OpenSearch request by method and target: its endpoint and its index expression.
//
//   const Classification c = classify("POST", "/logs-*/_search?size=0", scratch);
//   assert(c.endpoint == Endpoint::Search && c.index == "logs-*");
//
// Each path of OpenSearch's REST API is a row of route_table() (docs/endpoints.md). Other paths are
// Endpoint::Unknown. The index stands in the path, or for an API that has it in some of its paths,
// in the query: `/_search?index=logs`. Pure; allocates only if the target is percent-encoded.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/directive/model.h"

namespace osproxy {

/// The form of a request's body and its response, where the endpoint does not tell.
enum class BodyForm : std::uint8_t {
  Usual,    ///< as of most requests of the endpoint
  ByQuery,  ///< one JSON value, although many documents are written: a reindex and the like
  Stream,   ///< the response is a sequence of JSON values
};

struct Classification {
  Endpoint endpoint = Endpoint::Unknown;
  /// The index expression, percent-decoded once. Empty if the path names none, or if the decoded
  /// one is longer than kMaxAttributeBytes or has a control character; the request then matches no
  /// `index` target.
  std::string_view index;
  BodyForm form = BodyForm::Usual;
  /// The body may name indices: that of a bulk, an mget, a multi-search or a reindex.
  bool body_may_name_index = false;
  /// The request is known to change nothing in OpenSearch. False for all that is not in the table.
  bool reads = false;
};

/// The query of a request target, without the `?`; empty if there is none.
std::string_view query_of(std::string_view target) noexcept;

/// The path of a request target without the query; empty if the target has no path, such as `*`.
std::string_view path_of(std::string_view target) noexcept;

/// `target` is the request target as received: in origin form, in absolute form, whose authority is
/// skipped, or `*`. An index that needs decoding is stored in `scratch`. The result's views point
/// into `scratch` or `target`.
Classification classify(std::string_view method, std::string_view target, std::string& scratch);

/// The effect of a request on OpenSearch.
enum class Effect : std::uint8_t {
  ByMethod,  ///< GET and HEAD read, others may change something
  Reads,     ///< each method of the row only reads
  Writes,    ///< each method may change something, or nobody knows
};

/// One path of the API: segments separated by `/`. `{index}` matches any one segment that can be an
/// index expression, another `{…}` any one segment, and `{*}` at the end one or more.
struct Route {
  std::string_view methods;  ///< "GET,POST"; GET means HEAD too
  std::string_view path;     ///< "/{index}/_search"
  Endpoint endpoint;
  Effect effect = Effect::ByMethod;
};

std::span<const Route> route_table();

}  // namespace osproxy
