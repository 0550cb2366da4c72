// Whether a directive may make one more record: its `max_records`, and its token bucket, beyond
// which it is thinned out.
//
// A request that nobody vouches for cannot use up what the others need: it takes no token of the
// bucket's last half, and at most half of `max_records`. Vouched for is a request with a verified
// principal, and one whose response says that OpenSearch authorized it. A flood of refused requests
// that only name a tenant thus leaves room for the tenant's real ones.
//
// Pure but for the directive's usage, which all workers share. Thread safety: every function may be
// called from any thread.
#pragma once

#include <chrono>

#include "osproxy/core/clock.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// True if a node's response of this status says that OpenSearch has authorized the request.
/// Anybody gets a 400 from parsing a head, and a 200 from an endpoint like `/favicon.ico`; only
/// calls to documents are authorized first.
bool is_authorized(Endpoint endpoint, int status) noexcept;

/// True if a verified principal or a node's response vouches for the request.
bool is_vouched_for(const Attributes& attributes, const Outcome& outcome) noexcept;

/// True if `max_records` let the directive record the request. One that nobody vouches for has half
/// of them, rounded up; all of them if the directive asks for a `status`, which may be 401 itself.
bool has_records_left(const CompiledDirective& compiled, bool vouched_for) noexcept;

/// Counts one record, unless `max_records` is reached. Never counts more, however many threads try
/// at once.
bool claim_record(const CompiledDirective& compiled, bool vouched_for) noexcept;

/// True if the bucket has a token at `now`. Takes none.
bool has_token(const CompiledDirective& compiled, const TokenRate& budget, BootTime now) noexcept;

/// Takes a token from the directive's bucket, of `budget` or of the smaller one that the instance's
/// budget leaves to it.
bool take_token(const CompiledDirective& compiled, const TokenRate& budget, BootTime now,
                bool vouched_for) noexcept;

}  // namespace osproxy
