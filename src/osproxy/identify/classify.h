// What an OpenSearch request is: its endpoint and its index expression, from method and target.
//
//   Classification c = classify("POST", "/logs-*/_search?size=0", scratch);
//   c.endpoint == Endpoint::Search; c.index == "logs-*";
//
// Table-driven: every path of OpenSearch's REST API is a row of route_table() (docs/endpoints.md).
// What is in no row is Endpoint::Unknown. Pure; allocates only if the path is percent-encoded.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "osproxy/directive/model.h"

namespace osproxy {

struct Classification {
  Endpoint endpoint = Endpoint::Unknown;
  /// The index expression, percent-decoded once; empty if the path names none, or if it is longer
  /// than kMaxAttributeBytes or has a control character when decoded (such a request matches no
  /// `index` target).
  std::string_view index;
};

/// The path of a request target, the query left out; empty if the target is in no form that has
/// one.
std::string_view path_of(std::string_view target) noexcept;

/// `target` is the request target as received: origin form, or absolute form (the authority is
/// skipped), or `*`. `scratch` holds the decoded index if it needs decoding; the result's views
/// point into it, or into `target`.
Classification classify(std::string_view method, std::string_view target, std::string& scratch);

/// One path of the API: segments separated by `/`. `{index}` stands for any one segment that can be
/// an index expression, another `{…}` for any one, and `{*}` at the end for one or more.
struct Route {
  std::string_view methods;  ///< "GET,POST"; GET means HEAD too
  std::string_view path;     ///< "/{index}/_search"
  Endpoint endpoint;
};

std::span<const Route> route_table();

}  // namespace osproxy
