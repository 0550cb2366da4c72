// A sum over all requests, estimated from weighted samples, with a bound of its error.
//
//   Estimate bytes;
//   bytes.add(sample.weight.weight, record.request_bytes);
//   print(bytes.value(), bytes.error());   // 1200 ± 90
//
// The true sum lies outside of value() ± error() in one of a million independent cases. The error
// is 0 if every sample stands for itself only, and no other sample could have been missed
// (may_miss()).
//
// By the Chernoff bound of a Poisson variable, for samples that were kept independently with
// probability 1/weight, as thinning_sampler.h and sample_log.h do. If n samples of the weight w
// were kept, n w is off by no more than w (L + sqrt(L^2 + 2 n L)), where L is the logarithm of the
// odds. For other sums, n w^2 becomes the sum of the squares, and w the largest summand. Only the
// kept summands are known. The error of such a sum can therefore be trusted as far as large
// summands are kept with a high probability, as flight_recorder.h does.
//
// A regular value.
#pragma once

#include <algorithm>
#include <cmath>

namespace osproxy {

class Estimate {
 public:
  void add(double weight, double amount) noexcept {
    value_ += weight * amount;
    if (weight <= 1) return;
    variance_ += weight * (weight - 1) * amount * amount;
    largest_ = std::max(largest_, weight * std::abs(amount));
  }

  /// Summands up to this, weight included, may belong to the sum without a sample that was kept. A
  /// group of which no sample was kept at all is then 0 with an error.
  void may_miss(double largest) noexcept { largest_ = std::max(largest_, largest); }

  /// Adds a sum over other requests.
  void add(const Estimate& other) noexcept {
    value_ += other.value_;
    variance_ += other.variance_;
    largest_ = std::max(largest_, other.largest_);
  }

  double value() const noexcept { return value_; }

  /// The true sum is within value() ± error().
  double error() const noexcept {
    const double linear = largest_ * kLogOfOdds;
    return linear + std::sqrt(linear * linear + 2 * kLogOfOdds * variance_);
  }

  // For those who pass an estimate on: with these three, it can be added to others.
  double variance() const noexcept { return variance_; }
  double largest() const noexcept { return largest_; }
  static Estimate of(double value, double variance, double largest) noexcept {
    Estimate made;
    made.value_ = value;
    made.variance_ = variance;
    made.largest_ = largest;
    return made;
  }

  friend bool operator==(const Estimate&, const Estimate&) = default;

 private:
  static constexpr double kLogOfOdds = 14.5;  // ln(2 * 10^6): either side, one in a million

  double value_ = 0;
  double variance_ = 0;
  double largest_ = 0;  // what one sample that stands for others contributes, or could, at most
};

}  // namespace osproxy
