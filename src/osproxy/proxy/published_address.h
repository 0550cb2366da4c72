// Puts the proxy's address into the response to a client that asks for the nodes' addresses
// (identify/sniffing.h), so that the client does not go past the proxy.
//
//   const auto body = replace_addresses(
//       R"({"nodes":{"n":{"http":{"publish_address":"10.0.0.7:9200"}}}})", "lb:9200");
//   assert(body == R"({"nodes":{"n":{"http":{"publish_address":"lb:9200"}}}})");
//
// The response must be there whole, which is why it is bounded: WholeBody gathers it.
//
// Pure; a WholeBody belongs to one response.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "osproxy/http/body.h"
#include "osproxy/http/head.h"

namespace osproxy {

/// A thousand nodes with a kilobyte each.
inline constexpr std::size_t kMaxNodesBody = std::size_t{1} << 20;

/// Replaces `nodes.*.http.publish_address` and `.bound_address` by `address`, and leaves every
/// other byte. nullopt: `body` is not JSON, or grows beyond twice the bound.
std::optional<std::string> replace_addresses(std::string_view body, std::string_view address);

/// The body of a response, without its framing, gathered up to kMaxNodesBody.
class WholeBody {
 public:
  enum class State : std::uint8_t {
    Incomplete,
    Whole,
    Unfit,  ///< compressed, too large, not JSON by its type, or malformed
  };

  explicit WholeBody(const http::ResponseHead& head);

  /// Takes the next bytes after the head.
  State take(std::string_view bytes);

  bool is_whole() const noexcept { return state_ == State::Whole; }

  /// Once it is whole: the payload, and the number of bytes that it came in.
  const std::string& payload() const noexcept { return payload_; }
  std::size_t received() const noexcept { return received_; }

 private:
  http::BodyReader reader_;
  State state_ = State::Incomplete;
  std::string payload_;
  std::size_t received_ = 0;
};

}  // namespace osproxy
