// Explains for one request, directive by directive, why it was recorded or why not; and its JSON,
// the body of GET /admin/why/{id}.
//
//   std::string body = encode_why_reports(reports);               // the instance
//   std::vector<WhyReport> read = decode_why_reports(body);       // osproxyctl
//
// Clients may reuse an id. The JSON is the first request's report, which has those of the other
// requests in its member `others`; a report alone has no such member.
//
// Thread safety: a regular value and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/model.h"

namespace osproxy {

/// Members: one for each field of the JSON.
struct WhyReport {
  /// One thing that kept a directive from recording the request.
  struct Reason {
    std::string slug{};  ///< such as "tenant_differs" (explain_match.h)
    std::string text{};  ///< for a person

    friend bool operator==(const Reason&, const Reason&) = default;
  };

  struct OneDirective {
    std::string id{};
    bool recorded = false;
    std::vector<Reason> reasons{};  ///< none if it recorded the request

    friend bool operator==(const OneDirective&, const OneDirective&) = default;
  };

  std::string instance{};
  std::string request_id{};
  bool recorded = false;  ///< by any directive
  WallTime started{};
  Endpoint endpoint = Endpoint::Unknown;
  std::string index{};  ///< empty: the request had none; likewise the next two
  std::string tenant{};
  std::string principal{};
  std::string client{};  ///< its address; empty if it is not kept too, likewise the next two
  std::string agent{};
  std::string opaque_id{};
  bool is_cut = false;  ///< an attribute was too long to be remembered whole
  int status = 0;       ///< 0: the client was sent no response
  /// The set that the request was matched with explains it. False: that set is no longer held, and
  /// the current one says what it would do.
  bool is_by_its_set = true;
  std::vector<OneDirective> directives{};  ///< the first of the document
  std::uint64_t left_out = 0;              ///< directives of the document that are not named

  friend bool operator==(const WhyReport&, const WhyReport&) = default;
};

/// `reports` has at least one.
std::string encode_why_reports(std::span<const WhyReport> reports);

/// Reads the JSON of this or another version: fields that are missing keep their defaults. Empty if
/// `json` is no report: it needs `recorded` and `directives`.
std::vector<WhyReport> decode_why_reports(std::string_view json);

}  // namespace osproxy
