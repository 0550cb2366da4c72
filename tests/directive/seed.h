// The seed of a test that makes up its input: always the same, unless OSPROXY_TEST_SEED says
// another.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace osproxy::testing {

inline std::uint64_t seed_of_this_run() {
  const char* const given = std::getenv("OSPROXY_TEST_SEED");
  return given ? std::strtoull(given, nullptr, 10) : 2026;
}

}  // namespace osproxy::testing
