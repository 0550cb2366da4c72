// FNV-1a with 64 bits: a small hash that is the same on all machines and in all releases. The
// document format prescribes it for sampling.
//
// Not for hash tables whose keys an attacker chooses: collisions are easy to find.
// Source: draft-eastlake-fnv, parameters for 64 bits.
#pragma once

#include <cstdint>
#include <string_view>

namespace osproxy {

inline constexpr std::uint64_t kFnvOffsetBasis = 0xcbf29ce484222325ULL;

/// The FNV-1a-64 hash of `bytes`; pass an earlier result as `seed` to hash several pieces as one.
constexpr std::uint64_t fnv1a_64(std::string_view bytes,
                                 std::uint64_t seed = kFnvOffsetBasis) noexcept {
  constexpr std::uint64_t kPrime = 0x100000001b3ULL;
  std::uint64_t hash = seed;
  for (const char c : bytes) {
    hash ^= static_cast<unsigned char>(c);
    hash *= kPrime;
  }
  return hash;
}

}  // namespace osproxy
