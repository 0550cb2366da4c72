// Whether a directive may make one more record: its `max_records`, and the token bucket whose end
// trips it.
//
// Pure but for the directive's usage, which all workers share. Thread safety: every function may be
// called from any thread.
#pragma once

#include <chrono>

#include "osproxy/core/clock.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// False once the directive has made `max_records` records.
bool has_records_left(const CompiledDirective& compiled) noexcept;

/// Counts one record, unless `max_records` is reached. Never counts more, however many threads try
/// at once.
bool claim_record(const CompiledDirective& compiled) noexcept;

/// Takes a token from the directive's bucket for a request that took `latency`; trips the directive
/// if there is none.
bool take_token(const CompiledDirective& compiled, const TokenRate& budget, Now started,
                std::chrono::nanoseconds latency) noexcept;

}  // namespace osproxy
