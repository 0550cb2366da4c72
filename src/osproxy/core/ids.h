// Makes and checks the ids of requests and spans.
//
// Thread safety: pure functions, but for the state of `random`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "osproxy/core/random.h"

namespace osproxy {

/// The size of a request id that osproxy makes: 32 lower-case hex digits (128 bits), as a W3C trace
/// id has.
inline constexpr std::size_t kRequestIdSize = 32;

/// The longest request id that is accepted from a client, in bytes.
inline constexpr std::size_t kMaxRequestIdSize = 128;

/// Writes a new request id, 32 lower-case hex digits, into `id`, whose memory is reused.
void make_request_id(Random& random, std::string& id);

/// Make the id of a trace and of a span (W3C Trace Context): 32 and 16 lower-case hex digits, not
/// all zero.
std::string make_trace_id(Random& random);
std::string make_span_id(Random& random);

/// True if a client's `X-Request-Id` may be kept: 1 to kMaxRequestIdSize bytes of [A-Za-z0-9._:-].
/// Other characters could break a log line, a header or a URL that contains the id.
bool is_well_formed_request_id(std::string_view id) noexcept;

}  // namespace osproxy
