#include "osproxy/proxy/retry_policy.h"

#include <algorithm>

namespace osproxy {
namespace {

/// RFC 9110, section 9.2.1.
bool is_safe(std::string_view method) noexcept {
  constexpr std::string_view kMethods[] = {"GET", "HEAD", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != std::end(kMethods);
}

/// RFC 9110, section 9.2.2.
bool is_idempotent(std::string_view method) noexcept {
  return is_safe(method) || method == "PUT" || method == "DELETE";
}

}  // namespace

ReusePolicy RetryPolicy::first_connection() const noexcept {
  return request_.received_whole && may_repeat(is_idempotent) ? ReusePolicy::Any
                                                              : ReusePolicy::Recent;
}

Retry RetryPolicy::after_close(bool reused) const noexcept {
  if (sent_again_ || !request_.received_whole) return Retry::Never;
  if (reused) return may_repeat(is_idempotent) ? Retry::AnyNode : Retry::Never;
  return may_repeat(is_safe) ? Retry::OtherNode : Retry::Never;
}

bool RetryPolicy::may_repeat(bool (*method)(std::string_view)) const noexcept {
  // A bulk by PUT is no more idempotent than one by POST: documents without an id are new each
  // time.
  return method(request_.method) && request_.endpoint != Endpoint::Cursor &&
         request_.endpoint != Endpoint::IngestBulk;
}

}  // namespace osproxy
