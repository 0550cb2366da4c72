#include "osproxy/core/backoff.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// The largest of many draws comes close to the ceiling they were drawn from.
std::chrono::nanoseconds largest_of_many(const BackoffOptions& options, int failures_before) {
  std::chrono::nanoseconds largest{0};
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Backoff backoff(options, Random{seed});
    for (int i = 0; i < failures_before; ++i) backoff.next();
    largest = std::max(largest, backoff.next());
  }
  return largest;
}

TEST(Backoff, DoublesTheCeilingUpToTheMaximum) {
  const BackoffOptions options;
  const std::chrono::nanoseconds ceilings[] = {250ms, 500ms, 1s, 2s, 4s, 8s, 15s, 15s};
  for (int failures = 0; failures < 8; ++failures) {
    const auto largest = largest_of_many(options, failures);
    EXPECT_LE(largest, ceilings[failures]);
    EXPECT_GT(largest, ceilings[failures] * 9 / 10);
  }
}

TEST(Backoff, SpreadsOverTheWholeRange) {
  int below_half = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Backoff backoff({}, Random{seed});
    if (backoff.next() < 125ms) ++below_half;
  }
  EXPECT_GT(below_half, 400);
  EXPECT_LT(below_half, 600);
}

/// The ceiling, seen from outside: the delays of many seeds in the same state.
template <class Prepare>
std::chrono::nanoseconds ceiling_after(Prepare prepare) {
  std::chrono::nanoseconds largest{0};
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Backoff backoff({}, Random{seed});
    prepare(backoff);
    largest = std::max(largest, backoff.next());
  }
  return largest;
}

TEST(Backoff, IsResetByAHealthyMinuteOnly) {
  const auto flapping = ceiling_after([](Backoff& backoff) {
    for (int i = 0; i < 6; ++i) backoff.next();
    backoff.healthy(BootTime{0s});
    backoff.healthy(BootTime{59s});
    backoff.unhealthy();
    backoff.healthy(BootTime{60s});
  });
  EXPECT_GT(flapping, 10s);

  const auto healthy = ceiling_after([](Backoff& backoff) {
    for (int i = 0; i < 6; ++i) backoff.next();
    backoff.healthy(BootTime{0s});
    backoff.healthy(BootTime{60s});
  });
  EXPECT_LE(healthy, 250ms);
}

}  // namespace
}  // namespace osproxy
