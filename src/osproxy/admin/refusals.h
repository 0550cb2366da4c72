// Counts the requests that the admin listener refuses for lack of a right, and tells of each.
//
//   const auto refusals = std::make_shared<Refusals>([](const RefusedRequest& one) { log(one); });
//   refusals->add({.reason = Refusal::Role, .peer = "10.0.0.7", .caller = "ana"});
//
// Exports `osproxy_admin_refusals_total{reason}`.
//
// Thread safety: any thread may call any member; the function that is told must allow that.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

namespace osproxy::admin {

enum class Refusal : std::uint8_t {
  NoToken,          ///< neither a token nor a certificate was presented
  BadToken,         ///< a token that is not known
  BadCertificate,   ///< a certificate that no line of the tokens file names
  TooManyFailures,  ///< the address has presented too many unknown tokens
  Role,             ///< the caller's role may not do this
  Tenant,           ///< the caller is bound to other tenants
  Host,             ///< a Host header that a rebound name could have
  Origin,           ///< a page of another origin
};
inline constexpr std::size_t kRefusalCount = 8;

/// The label of the metric, such as "bad_token".
std::string_view to_string(Refusal reason) noexcept;

/// Views; without anything that the client has chosen freely.
struct RefusedRequest {
  Refusal reason;
  std::string_view peer{};      ///< the client's address
  std::string_view caller{};    ///< the name in the tokens file; empty: not known
  std::string_view method{};    ///< "GET" or "POST"
  std::string_view endpoint{};  ///< its path in the table of endpoints
};

class Refusals final : public prometheus::Collectable {
 public:
  /// `tell` is called for each one; it may be empty.
  explicit Refusals(std::function<void(const RefusedRequest&)> tell = {})
      : tell_(std::move(tell)) {}

  void add(const RefusedRequest& refused);

  std::uint64_t count(Refusal reason) const noexcept;

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<void(const RefusedRequest&)> tell_;
  // Relaxed: numbers to look at.
  std::array<std::atomic<std::uint64_t>, kRefusalCount> counts_{};
};

}  // namespace osproxy::admin
