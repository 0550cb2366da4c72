// Sums over all workers, for metrics and status. Regular values.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>

#include "osproxy/directive/model.h"
#include "osproxy/directive/signed_directive.h"
#include "osproxy/observe/output_totals.h"

namespace osproxy {

/// The upper bounds of the latency histogram's buckets, inclusive; one more bucket has no bound.
inline constexpr std::array<std::chrono::microseconds, 15> kLatencyBounds{
    std::chrono::microseconds{500},   std::chrono::milliseconds{1},
    std::chrono::microseconds{2'500}, std::chrono::milliseconds{5},
    std::chrono::milliseconds{10},    std::chrono::milliseconds{25},
    std::chrono::milliseconds{50},    std::chrono::milliseconds{100},
    std::chrono::milliseconds{250},   std::chrono::milliseconds{500},
    std::chrono::seconds{1},          std::chrono::milliseconds{2'500},
    std::chrono::seconds{5},          std::chrono::seconds{10},
    std::chrono::seconds{30}};

/// The index of a status class is its first digit; 0 stands for requests without a response.
inline constexpr std::size_t kStatusClassCount = 6;

/// A histogram of latencies.
struct LatencyTotals {
  std::array<std::uint64_t, kLatencyBounds.size() + 1> buckets{};  ///< not cumulative
  std::chrono::nanoseconds sum{0};

  std::uint64_t count() const noexcept {
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
  }
};

/// The requests of one endpoint since the start.
struct EndpointTotals {
  std::array<LatencyTotals, kStatusClassCount> requests{};  ///< by the class of the status
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
};

/// The label of the requests without a tenant, or of one that has no place.
inline constexpr std::string_view kOtherTenants = "other";

/// The requests of one tenant since the start.
struct TenantTotals {
  std::string tenant{};
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;  ///< 429, 5xx, or no response
  std::chrono::nanoseconds time{0};
  std::uint64_t request_bytes = 0;
  std::uint64_t response_bytes = 0;
};

struct ObserverTotals {
  std::array<EndpointTotals, kEndpointCount> endpoints{};  ///< by the value of Endpoint
  std::uint64_t matched = 0;          ///< requests that a directive selected at their start
  std::uint64_t recorded = 0;         ///< requests that a directive selected at their end
  std::uint64_t by_directives = 0;    ///< of `recorded`: not by a signed directive alone
  std::uint64_t refused = 0;          ///< records left out because a budget was exceeded
  std::uint64_t signed_accepted = 0;  ///< requests whose signed directive was accepted
  std::array<std::uint64_t, kSignedFaultCount> signed_refused{};  ///< by the value of SignedFault
  OutputTotals explain;
  OutputTotals ring;
};

}  // namespace osproxy
