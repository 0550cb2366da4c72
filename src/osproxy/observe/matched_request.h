// A request and the directives' verdict on it. The admin listener uses it to explain why a request
// was recorded or not (`osproxyctl why`).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/cidr.h"
#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/record/client_fields.h"

namespace osproxy {

/// The worker's form, at the request's end. Its views live as long as the request.
struct MatchedRequest {
  std::string_view request_id{};
  Attributes attributes{};
  Now started{};
  Outcome outcome{};
  std::uint32_t set_number = 0;  ///< from Recorder::in_force()
  const Verdict& verdict;        ///< the final one
  ClientFields kept{};           ///< the parts of the client's identity that may be remembered
};

/// The stored form.
///
/// Members: one for each attribute of the request, and one for each part of its decision.
struct RememberedRequest {
  std::string request_id{};
  std::string tenant{};
  std::string index{};
  std::string principal{};
  std::string client{};  ///< its address; empty if it is not kept too, likewise the next two
  std::string agent{};
  std::string opaque_id{};
  ClientFields kept{};
  Endpoint endpoint = Endpoint::Unknown;
  bool principal_verified = false;
  bool is_cut = false;  ///< some attribute was too long for its slot and is truncated
  Now started{};
  Outcome outcome{};
  bool recorded = false;
  std::vector<std::uint32_t> recorded_by{};  ///< indices in the set, at most Verdict::kMaxNamed
  DirectiveSet::Pointer set{};               ///< the set it was matched by; null if no longer held

  Attributes attributes() const {
    return {.tenant = tenant,
            .index = index,
            .principal = principal,
            .endpoint = endpoint,
            .principal_verified = principal_verified,
            .client = client,
            .agent = agent,
            .opaque_id = opaque_id,
            .client_address = IpAddress::parse(client).value_or(IpAddress{})};
  }
};

}  // namespace osproxy
