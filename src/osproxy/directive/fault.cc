#include "osproxy/directive/decode.h"

namespace osproxy {

std::string_view to_string(Fault fault) noexcept {
  switch (fault) {
    case Fault::InvalidJson:
      return "invalid_json";
    case Fault::NotAnObject:
      return "not_an_object";
    case Fault::MissingDirectives:
      return "missing_directives";
    case Fault::UnknownField:
      return "unknown_field";
    case Fault::DuplicateField:
      return "duplicate_field";
    case Fault::TooLarge:
      return "too_large";
    case Fault::TooManyDirectives:
      return "too_many_directives";
    case Fault::TooDeep:
      return "too_deep";
    case Fault::MissingId:
      return "missing_id";
    case Fault::BadId:
      return "bad_id";
    case Fault::DuplicateId:
      return "duplicate_id";
    case Fault::MissingLevel:
      return "missing_level";
    case Fault::UnknownLevel:
      return "unknown_level";
    case Fault::MissingTtlSecs:
      return "missing_ttl_secs";
    case Fault::ZeroTtl:
      return "zero_ttl";
    case Fault::TtlTooLong:
      return "ttl_too_long";
    case Fault::BadExpiresAt:
      return "bad_expires_at";
    case Fault::BadTenant:
      return "bad_tenant";
    case Fault::BadIndex:
      return "bad_index";
    case Fault::BadPrincipal:
      return "bad_principal";
    case Fault::BadPrincipalVerified:
      return "bad_principal_verified";
    case Fault::BadClient:
      return "bad_client";
    case Fault::BadAgent:
      return "bad_agent";
    case Fault::BadOpaqueId:
      return "bad_opaque_id";
    case Fault::BadEndpoint:
      return "bad_endpoint";
    case Fault::UnknownEndpoint:
      return "unknown_endpoint";
    case Fault::BadSampleRate:
      return "bad_sample_rate";
    case Fault::BadRingBuffer:
      return "bad_ring_buffer";
    case Fault::BadCapture:
      return "bad_capture";
    case Fault::BadMinLatency:
      return "bad_min_latency";
    case Fault::BadStatus:
      return "bad_status";
    case Fault::BadShape:
      return "bad_shape";
    case Fault::BadMinFailedItems:
      return "bad_min_failed_items";
    case Fault::BadMaxRecords:
      return "bad_max_records";
    case Fault::BadReason:
      return "bad_reason";
    case Fault::BadAuthor:
      return "bad_author";
  }
  return "invalid_json";  // not reached: every enumerator is above
}

}  // namespace osproxy
