// Lists why a directive did not record a request.
//
//   for (const Mismatch why : explain_match(compiled, attributes, started, request_id, outcome)) {
//     show(to_string(why));    // "tenant_differs"
//   }
//
// It asks the same questions as DirectiveSet::conclude(), for one directive, and continues where
// the matcher stops; tests hold the two to the same verdict. Not for the request path.
//
// Thread safety: pure functions, which also read the directive's usage.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// A reason why a directive did not record a request.
enum class Mismatch : std::uint8_t {
  Level,    ///< its level is Off
  Expired,  ///< it had ended when the request began
  Tenant,   ///< the request has another or none; likewise the next three
  Index,
  Principal,
  Endpoint,
  Verified,  ///< the request's principal is only claimed, and the directive asks for a verified one
  Client,    ///< the client has another address, or none is known
  Agent,     ///< the request names another product, or none; likewise the next one
  OpaqueId,
  Sample,       ///< the request is not in its sample
  Latency,      ///< faster than `min_latency_ms`
  Status,       ///< not the `status` that it selects
  Shape,        ///< not the `shape` that it selects, or the body's is not known
  FailedItems,  ///< fewer than `min_failed_items`, or the response does not say
  MaxRecords,   ///< its `max_records` are spent now, perhaps only after the request
};

/// The slug in responses: "expired", "tenant_differs".
std::string_view to_string(Mismatch mismatch) noexcept;

/// Returns the reasons in the order of the enum; none if the directive records the request, unless
/// its budget leaves the request out, of which nothing is kept but the count.
/// `started` and `outcome` are the request's.
std::vector<Mismatch> explain_match(const CompiledDirective& compiled, const Attributes& attributes,
                                    Now started, std::string_view request_id,
                                    const Outcome& outcome);

/// The request's number from 0 to 999: a sample contains the request if its `sample_per_mille` is
/// greater.
int sample_of(std::string_view request_id) noexcept;

}  // namespace osproxy
