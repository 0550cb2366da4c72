#include "osproxy/flight/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace osproxy {

void LatencyHistogram::add_to(std::uint16_t bucket, double weight) {
  if (bucket >= kBuckets) return;
  const auto place =
      std::lower_bound(buckets_.begin(), buckets_.end(), bucket,
                       [](const Bucket& one, std::uint16_t number) { return one.first < number; });
  if (place != buckets_.end() && place->first == bucket) {
    place->second += weight;
  } else {
    buckets_.insert(place, {bucket, weight});
  }
  weight_ += weight;
}

std::chrono::microseconds LatencyHistogram::quantile(double part) const noexcept {
  const double wanted = part * weight_;
  double sum = 0;
  for (const auto& [number, weight] : buckets_) {
    sum += weight;
    if (sum >= wanted) return end_of(number);
  }
  return buckets_.empty() ? std::chrono::microseconds(0) : end_of(buckets_.back().first);
}

std::uint16_t LatencyHistogram::bucket_of(std::chrono::nanoseconds latency) noexcept {
  const double us = static_cast<double>(latency.count()) / 1e3;
  if (us <= 1) return 0;
  const double bucket = std::ceil(kPerOctave * std::log2(us));
  return static_cast<std::uint16_t>(std::min(bucket, kBuckets - 1.0));
}

std::chrono::microseconds LatencyHistogram::end_of(std::uint16_t bucket) noexcept {
  return std::chrono::microseconds(
      std::llround(std::exp2(static_cast<double>(bucket) / kPerOctave)));
}

}  // namespace osproxy
