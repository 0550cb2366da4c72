// Counts the TLS handshakes of the admin listener, and tells of each that failed.
//
//   const auto handshakes =
//       std::make_shared<Handshakes>([](const FailedHandshake& one) { log(one); });
//   handshakes->succeeded();
//   handshakes->failed({.peer = "10.0.0.7", .fault = fault});
//
// Exports `osproxy_admin_tls_handshakes_total` and `osproxy_admin_tls_failures_total{class}`.
//
// Thread safety: any thread may call any member; the function that is told must allow that.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include "osproxy/tls/failure.h"

namespace osproxy::admin {

/// Views.
struct FailedHandshake {
  std::string_view peer{};  ///< the client's address
  const TlsFault& fault;
};

class Handshakes final : public prometheus::Collectable {
 public:
  /// `tell` is called for each that failed; it may be empty.
  explicit Handshakes(std::function<void(const FailedHandshake&)> tell = {})
      : tell_(std::move(tell)) {}

  void succeeded() noexcept { completed_.fetch_add(1, std::memory_order_relaxed); }
  void failed(const FailedHandshake& failed);

  std::uint64_t completed() const noexcept { return completed_.load(std::memory_order_relaxed); }
  std::uint64_t failures(TlsFailure failure) const noexcept {
    return failures_[static_cast<std::size_t>(failure)].load(std::memory_order_relaxed);
  }

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::function<void(const FailedHandshake&)> tell_;
  // Relaxed: numbers to look at.
  std::atomic<std::uint64_t> completed_{0};
  std::array<std::atomic<std::uint64_t>, kTlsFailureCount> failures_{};
};

}  // namespace osproxy::admin
