// The number of seeds that a test of estimates tries: a few in each run of the tests, and more by
// hand (docs/testing.md).
//
//   for (std::uint64_t seed = 1; seed <= test::seeds(20); ++seed) …
#pragma once

#include <cstdint>
#include <cstdlib>

namespace osproxy::test {

/// OSPROXY_TEST_SEEDS, or else `usual`.
inline std::uint64_t seeds(std::uint64_t usual) {
  const char* const given = std::getenv("OSPROXY_TEST_SEEDS");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : usual;
}

}  // namespace osproxy::test
