// A request as the directives judged it: what is asked when somebody wants to know why it was
// recorded, or why not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// As the worker has it at the request's end. Views: they live as long as the request.
struct MatchedRequest {
  std::string_view request_id{};
  Attributes attributes{};
  Now started{};
  Outcome outcome{};
  std::uint32_t set_number = 0;  ///< of Recorder::in_force()
  const Verdict& verdict;        ///< the last word on it
};

/// As it is remembered.
struct RememberedRequest {
  std::string request_id{};
  std::string tenant{};
  std::string index{};
  std::string principal{};
  Endpoint endpoint = Endpoint::Unknown;
  bool is_cut = false;  ///< some attribute was longer than there is room for, and ends early
  Now started{};
  Outcome outcome{};
  bool recorded = false;
  std::vector<std::uint32_t> recorded_by{};  ///< places in the set, at most Verdict::kMaxNamed
  DirectiveSet::Pointer set{};               ///< that it was judged by; null: no longer held

  Attributes attributes() const noexcept {
    return {.tenant = tenant, .index = index, .principal = principal, .endpoint = endpoint};
  }
};

}  // namespace osproxy
