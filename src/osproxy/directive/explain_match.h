// Why a directive recorded a request, or why not: what the matcher decided, in words.
//
//   for (const Mismatch why : explain_match(compiled, attributes, started, request_id, outcome)) …
//
// It asks the same questions as DirectiveSet::conclude(), one directive at a time, and goes on
// where the matcher stops: tests hold the two to the same verdict. Not for the request path.
//
// Pure, but for what it reads of the directive's usage.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// What kept a directive from recording a request.
enum class Mismatch : std::uint8_t {
  Level,    ///< its level is Off
  Expired,  ///< it was over when the request began
  Tenant,   ///< the request's is another, or it has none; so for the next three
  Index,
  Principal,
  Endpoint,
  Sample,      ///< the request is not in its sample
  Latency,     ///< faster than `min_latency_ms`
  Status,      ///< not the `status` that it asks for
  MaxRecords,  ///< it has all the records that it may have: now, and perhaps not yet then
  Tripped,     ///< it is over its budget: likewise
};

/// The name in responses: "expired", "tenant_differs".
std::string_view to_string(Mismatch mismatch) noexcept;

/// In the order of the enum; none: the directive records the request. `started` and `outcome` are
/// the request's.
std::vector<Mismatch> explain_match(const CompiledDirective& compiled, const Attributes& attributes,
                                    Now started, std::string_view request_id,
                                    const Outcome& outcome);

/// The number that decides about samples: a request is in one of `sample_per_mille` if it is below.
int sample_of(std::string_view request_id) noexcept;

}  // namespace osproxy
