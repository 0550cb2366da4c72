// A random number generator that is passed in with its seed, so that a test or a simulation can be
// replayed.
//
//   Random random = Random::from_system();
//   auto delay = random.below(ceiling);
//
// xoshiro256** by Blackman and Vigna, seeded through splitmix64. Not for secrets.
//
// Thread safety: not thread-safe; each generator has one owner.
#pragma once

#include <array>
#include <cstdint>

namespace osproxy {

class Random {
 public:
  /// The same seed gives the same numbers, on every machine.
  explicit Random(std::uint64_t seed) noexcept;

  /// Takes its seed from the kernel (getrandom).
  static Random from_system();

  /// Returns 64 uniformly distributed bits.
  std::uint64_t next() noexcept;

  /// Returns a number uniform in [0, bound); 0 if bound is 0.
  std::uint64_t below(std::uint64_t bound) noexcept;

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace osproxy
