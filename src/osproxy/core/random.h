// Randomness, handed in like time is: a value with a seed, so that a test or a simulation replays.
//
//   Random random = Random::from_system();
//   auto delay = random.below(ceiling);
//
// xoshiro256** by Blackman and Vigna, seeded through splitmix64. Not for secrets.
// Not thread-safe: one owner each.
#pragma once

#include <array>
#include <cstdint>

namespace osproxy {

class Random {
 public:
  /// The same seed gives the same numbers, on every machine.
  explicit Random(std::uint64_t seed) noexcept;

  /// Seeded by the kernel (getrandom).
  static Random from_system();

  /// 64 uniformly distributed bits.
  std::uint64_t next() noexcept;

  /// Uniform in [0, bound); 0 if bound is 0.
  std::uint64_t below(std::uint64_t bound) noexcept;

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace osproxy
