// Decides which requests of a stream are kept, so that what is kept fits in a budget of bytes, and
// says how many requests each kept one stands for.
//
//   ThinningSampler sampler(Random(1));
//   if (sampler.is_over(now)) sampler.begin_slice(now, 64 << 10);
//   const double weight = sampler.offer();       // once for each request
//   if (weight > 0) sampler.kept(keep(weight));  // the bytes that it takes
//
// Problem. All requests are to be kept while they are few, and of a flood only as many as fit. Sums
// over the kept ones must estimate sums over all, without bias, and the error must be known.
//
// Failed attempts. Every n-th request: a client that sends n kinds of requests in turn shows one
// kind only. A reservoir for each second: what is kept is replaced later, so that a reader sees no
// second that is whole, and each request costs a random number.
//
// Idea. Keep each request with probability 1/weight, independently of all others, where the weight
// depends on the past only. Then the sum of the weights of the kept requests estimates the number
// of all (Horvitz and Thompson, 1952), for any group of them, and weight * (weight - 1) for each
// kept request estimates the variance of that sum.
//
// Algorithm. Time is cut into slices. A slice begins with the weight that would have made the last
// one fit. When the slice has taken its budget, the weight doubles, again after each further
// quarter. The number of requests to be skipped before the next kept one is geometrically
// distributed and drawn in advance, so that a request that is not kept costs a comparison and a
// subtraction.
//
// A pure value. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"

namespace osproxy {

class ThinningSampler {
 public:
  static constexpr std::chrono::seconds kSlice{1};

  explicit ThinningSampler(Random random) noexcept : random_(random) {}

  bool is_over(BootTime now) const noexcept { return now >= slice_end_; }

  /// Begins the slice at `now` with a budget of `bytes`.
  void begin_slice(BootTime now, std::size_t bytes) noexcept;

  /// The number of requests that this one stands for; 0: it is not to be kept.
  double offer() noexcept {
    if (skip_ > 0) {
      --skip_;
      return 0;
    }
    const double weight = weight_;
    draw_skip();
    return weight;
  }

  /// The last request that offer() was for is kept in so many bytes.
  void kept(std::size_t bytes) noexcept;

  double weight() const noexcept { return weight_; }

 private:
  void set_weight(double weight) noexcept;
  void draw_skip() noexcept;

  Random random_;
  BootTime slice_end_{};
  double weight_ = 1;
  std::uint64_t skip_ = 0;       // requests before the next one that is kept
  double demand_ = 0;            // bytes that this slice would take at weight 1
  std::size_t taken_ = 0;        // bytes of this slice
  std::size_t next_double_ = 0;  // the weight doubles when so many are taken
  std::size_t step_ = 1;
};

}  // namespace osproxy
