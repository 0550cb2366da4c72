#include "osproxy/core/scheduling.h"

#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>

namespace osproxy {
namespace {

struct Scheduling {
  int nice;
  int policy;

  friend bool operator==(const Scheduling&, const Scheduling&) = default;
};

Scheduling of_this_thread() {
  return {.nice = ::getpriority(PRIO_PROCESS, 0), .policy = ::sched_getscheduler(0)};
}

Scheduling after(void (*change)() noexcept) {
  Scheduling seen{};
  std::jthread([&] {
    change();
    seen = of_this_thread();
  }).join();
  return seen;
}

TEST(GiveWay, MakesTheCallingThreadAsNiceAsCanBeAndNoOther) {
  const Scheduling before = of_this_thread();
  EXPECT_EQ(after(give_way).nice, 19);
  EXPECT_EQ(of_this_thread(), before);
}

TEST(RunSoon, LeavesNiceValueAndPolicyAsTheyAre) { EXPECT_EQ(after(run_soon), of_this_thread()); }

}  // namespace
}  // namespace osproxy
