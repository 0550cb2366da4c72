// SipHash-2-4: a keyed hash. Without the key nobody can find collisions, so that it suits tables
// whose keys clients choose, such as request ids.
// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
#pragma once

#include <cstdint>
#include <string_view>

namespace osproxy {

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

std::uint64_t sip_hash(std::string_view bytes, const SipKey& key) noexcept;

}  // namespace osproxy
