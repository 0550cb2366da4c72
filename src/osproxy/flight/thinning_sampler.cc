#include "osproxy/flight/thinning_sampler.h"

#include <algorithm>
#include <cmath>

namespace osproxy {
namespace {

// A flood that needs more is one of 10^9 requests a slice.
constexpr double kMaxWeight = 1e9;

}  // namespace

void ThinningSampler::begin_slice(BootTime now, std::size_t bytes) noexcept {
  // Of slices without a single request, each had a demand of nothing.
  const auto empty = slice_end_ == BootTime{} ? 0 : (now - slice_end_) / kSlice;
  const double demand = demand_ / static_cast<double>(empty + 1);
  slice_end_ = now + kSlice;
  demand_ = 0;
  taken_ = 0;
  next_double_ = std::max<std::size_t>(bytes, 1);
  step_ = std::max<std::size_t>(bytes / 4, 1);
  set_weight(demand / static_cast<double>(next_double_));
}

void ThinningSampler::kept(std::size_t bytes) noexcept {
  demand_ += weight_ * static_cast<double>(bytes);
  taken_ += bytes;
  if (taken_ < next_double_) return;
  next_double_ = taken_ + step_;
  set_weight(2 * weight_);
}

/// The distribution of the skip has no memory: it may be drawn again at any time.
void ThinningSampler::set_weight(double weight) noexcept {
  const double bounded = std::clamp(weight, 1.0, kMaxWeight);
  if (bounded == weight_) return;
  weight_ = bounded;
  draw_skip();
}

void ThinningSampler::draw_skip() noexcept {
  if (weight_ <= 1) {
    skip_ = 0;
    return;
  }
  // Uniform in (0, 1]: the logarithm of 0 does not exist.
  constexpr double kUnit = 0x1p-53;
  const double uniform = (static_cast<double>(random_.next() >> 11U) + 1) * kUnit;
  skip_ = static_cast<std::uint64_t>(std::log(uniform) / std::log1p(-1 / weight_));
}

}  // namespace osproxy
