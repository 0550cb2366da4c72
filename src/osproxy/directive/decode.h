// Decodes the document. The admin endpoint, the directives file, osproxyctl and the etcd store all
// use this decoder.
//
//   auto document = decode_document(bytes);
//   if (!document) log("{} at {}", to_string(document.error().fault), document.error().where);
//
// It fails closed: the first fault rejects the whole document, since skipping a mistyped target
// would widen a directive. An error names the fault and its place, and never contains a value of
// the document. Text that is not JSON is always InvalidJson or TooDeep; in good JSON the first
// fault counts.
//
// Thread safety: pure functions. They throw nothing but std::bad_alloc, and print nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "osproxy/directive/model.h"

namespace osproxy {

/// Why a document is rejected. The slugs (`to_string`) are a published format.
enum class Fault : std::uint8_t {
  InvalidJson,        ///< not JSON (RFC 8259), not UTF-8, or something follows it
  NotAnObject,        ///< the document, or an element of `directives`, is not an object
  MissingDirectives,  ///< no `directives`, or it is not an array
  UnknownField,       ///< a field that the format does not have
  DuplicateField,     ///< the same field twice in one object
  TooLarge,           ///< more bytes than DecodeLimits::max_bytes
  TooManyDirectives,  ///< more directives than DecodeLimits::max_directives
  TooDeep,            ///< nested deeper than any valid document
  MissingId,          ///< no `id`
  BadId,              ///< `id` is not 1 to 128 bytes of text without control characters
  DuplicateId,        ///< an earlier directive has the same `id`
  MissingLevel,       ///< no `level`
  UnknownLevel,       ///< `level` is not one of the four names
  MissingTtlSecs,     ///< neither `ttl_secs` nor `expires_at`, or `ttl_secs` is not an integer
  ZeroTtl,            ///< `ttl_secs` is zero or negative
  TtlTooLong,         ///< `ttl_secs` exceeds DecodeLimits::max_life
  BadExpiresAt,       ///< `expires_at` is not RFC 3339 UTC, or `ttl_secs` is there too
  BadTenant,          ///< not a non-empty string; likewise the next two
  BadIndex,
  BadPrincipal,
  BadPrincipalVerified,  ///< `principal_verified` is not a boolean
  BadClient,             ///< `client` is not an IP address or block, or has host bits set
  BadAgent,              ///< `agent` is not a product of at most 128 bytes
  BadOpaqueId,           ///< `opaque_id` is not a non-empty string
  BadEndpoint,           ///< `endpoint` is not a string
  UnknownEndpoint,       ///< `endpoint` is not one of the twelve names
  BadSampleRate,         ///< `sample_per_mille` is not an integer from 0 to 1000
  BadRingBuffer,         ///< `ring_buffer` is not a boolean
  BadCapture,            ///< `capture` is not a boolean
  BadMinLatency,         ///< `min_latency_ms` is not an integer >= 0, or beyond 2^53 - 1
  BadStatus,             ///< `status` is not a string like "5xx" or "429"
  BadShape,              ///< `shape` is not a string of 16 lower-case hex digits
  BadMinFailedItems,     ///< `min_failed_items` is not an integer > 0, or beyond 2^53 - 1
  BadMaxRecords,         ///< `max_records` is not an integer > 0, or beyond 2^53 - 1
  BadReason,             ///< `reason` is not 0 to 256 bytes of text without control characters
  BadAuthor,             ///< `author`, likewise
};

/// The stable slug: "missing_id", "too_many_directives".
std::string_view to_string(Fault fault) noexcept;

struct DecodeError {
  Fault fault;
  /// Such as `directives[3].tenant`; empty for the whole document. Never contains a value: it names
  /// an unknown field only if that is an identifier, else the object that has it.
  std::string where;

  friend bool operator==(const DecodeError&, const DecodeError&) = default;
};

struct DecodeLimits {
  std::size_t max_bytes = 1 << 20;        ///< etcd refuses requests above 1.5 MiB
  std::size_t max_directives = 10'000;    ///< the benchmarks of matching go up to it
  std::chrono::seconds max_life{86'400};  ///< the longest `ttl_secs`
};

inline constexpr std::size_t kMaxDirectiveIdBytes = 128;
inline constexpr std::size_t kMaxFreeTextBytes = 256;

std::expected<Document, DecodeError> decode_document(std::string_view bytes,
                                                     const DecodeLimits& limits = {});

}  // namespace osproxy
