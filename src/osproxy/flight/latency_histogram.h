// How many requests took how long, in buckets that are 9 % wide.
//
//   LatencyHistogram histogram;
//   histogram.add(weight, record.latency);
//   const std::chrono::microseconds p99 = histogram.quantile(0.99);
//
// Bucket i ends at 2^(i/8) microseconds, so that a quantile is at most 9 % too high. Buckets
// without requests take no room. A regular value.
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace osproxy {

class LatencyHistogram {
 public:
  using Bucket = std::pair<std::uint16_t, double>;  ///< number, and weight

  static constexpr int kPerOctave = 8;
  static constexpr std::uint16_t kBuckets = 41 * kPerOctave;  ///< the last one ends at 25 days

  void add(double weight, std::chrono::nanoseconds latency) { add_to(bucket_of(latency), weight); }
  void add(const LatencyHistogram& other) {
    for (const auto& [number, weight] : other.buckets_) add_to(number, weight);
  }

  /// Ignores a number that is no bucket's.
  void add_to(std::uint16_t bucket, double weight);

  /// The end of the bucket in which that part of the requests, from the fastest on, is reached.
  /// `part` is from 0 to 1. 0 if there are no requests.
  std::chrono::microseconds quantile(double part) const noexcept;

  double weight() const noexcept { return weight_; }
  const std::vector<Bucket>& buckets() const noexcept { return buckets_; }  ///< in order

  static std::uint16_t bucket_of(std::chrono::nanoseconds latency) noexcept;
  static std::chrono::microseconds end_of(std::uint16_t bucket) noexcept;

  friend bool operator==(const LatencyHistogram&, const LatencyHistogram&) = default;

 private:
  std::vector<Bucket> buckets_;
  double weight_ = 0;
};

}  // namespace osproxy
