// Whether a request may be sent again, on which connection, and to which node.
//
//   RetryPolicy policy({.method = head.method, .endpoint = endpoint, .received_whole = true});
//   ReusePolicy reuse = policy.first_connection();
//   if (policy.after_close(/*reused=*/true) != Retry::Never) {
//     policy.sent_again();
//     send(request);
//   }
//
// Only a request whose connection was closed before a byte of a response came is sent again, only
// once, and only if osproxy still holds all of it. The kind of the connection decides the rest:
//
// - The node may close a pooled connection at any moment, so nothing is known of the request: an
//   idempotent one (RFC 9110, section 9.2.2) goes again, to any node.
// - A new connection that is closed instead of a response may mean that the request made the node
//   fail: only a safe one (section 9.2.1) goes again, and to another node.
//
// A repeated scroll request would skip a page, and a repeated bulk would add documents twice, so
// neither is ever sent again, whatever its method.
// Pure; a regular value.
#pragma once

#include <cstdint>
#include <string_view>

#include "osproxy/directive/model.h"
#include "osproxy/upstream/reuse_policy.h"

namespace osproxy {

enum class Retry : std::uint8_t {
  Never,
  AnyNode,    ///< another node if one is as good
  OtherNode,  ///< only if there is another one
};

struct RetryableRequest {
  std::string_view method;  ///< must outlive the policy
  Endpoint endpoint = Endpoint::Unknown;
  bool received_whole = false;  ///< its last byte was here before its first was sent
};

class RetryPolicy {
 public:
  explicit RetryPolicy(const RetryableRequest& request) noexcept : request_(request) {}

  /// The pooled connections that will do for the first attempt. Whether the node is about to close
  /// one that has been idle for a while cannot be known: only a request that could be sent again is
  /// risked on it.
  ReusePolicy first_connection() const noexcept;

  /// The node closed the connection before a byte of a response came.
  Retry after_close(bool reused) const noexcept;

  void sent_again() noexcept { sent_again_ = true; }

 private:
  bool may_repeat(bool (*method)(std::string_view)) const noexcept;

  RetryableRequest request_;
  bool sent_again_ = false;
};

}  // namespace osproxy
