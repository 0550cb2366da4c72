// The changes that osproxy made to the heads of a request and its response. Only names of
// well-known headers are kept, and no values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace osproxy {

/// A regular value. The names are constants of the program, in the order of the message. A header
/// that is not well known is "{name}", because a client can put a secret into a header's name.
struct HeadRewrite {
  bool target_changed = false;  ///< of requests
  std::uint64_t bytes_in = 0;   ///< size of the head as received, first line included
  std::uint64_t bytes_out = 0;  ///< size of the head as forwarded
  std::vector<std::string_view> added{};
  std::vector<std::string_view> changed{};  ///< same name, other value
  std::vector<std::string_view> removed{};

  friend bool operator==(const HeadRewrite&, const HeadRewrite&) = default;
};

struct Rewrite {
  std::optional<HeadRewrite> request;   ///< of the last attempt; absent if none was sent
  std::optional<HeadRewrite> response;  ///< absent if OpenSearch sent none

  friend bool operator==(const Rewrite&, const Rewrite&) = default;
};

}  // namespace osproxy
