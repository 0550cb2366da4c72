// What osproxy changed of a message's head. Names, and only well-known ones; no values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace osproxy {

/// A regular value. The names are constants of ours, in the order of the message; one that is not
/// well known is "{name}", since a client may name a header as it likes.
struct HeadRewrite {
  bool target_changed = false;  ///< of requests
  std::uint64_t bytes_in = 0;   ///< of the head as received, its first line included
  std::uint64_t bytes_out = 0;  ///< of the head as sent on
  std::vector<std::string_view> added{};
  std::vector<std::string_view> changed{};  ///< the same name with another value
  std::vector<std::string_view> removed{};

  friend bool operator==(const HeadRewrite&, const HeadRewrite&) = default;
};

struct Rewrite {
  std::optional<HeadRewrite> request;   ///< as it was sent upstream last; absent if it never was
  std::optional<HeadRewrite> response;  ///< absent if OpenSearch sent none

  friend bool operator==(const Rewrite&, const Rewrite&) = default;
};

}  // namespace osproxy
