#include "osproxy/core/scheduling.h"

#include <array>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osproxy {
namespace {

struct Scheduling {
  int nice;
  int policy;
  std::uint64_t slice_ns;  // 0 where the kernel has none to tell: before Linux 6.12

  friend bool operator==(const Scheduling&, const Scheduling&) = default;
};

std::uint64_t slice_of_this_thread() {
  std::array<std::uint64_t, 6> attributes{};  // of sched_getattr(2): the fourth is sched_runtime
  ::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof(attributes), 0);
  return attributes[3];
}

Scheduling of_this_thread() {
  return {.nice = ::getpriority(PRIO_PROCESS, 0),
          .policy = ::sched_getscheduler(0),
          .slice_ns = slice_of_this_thread()};
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
  EXPECT_EQ(after(set_idle_priority).nice, 19);
  EXPECT_EQ(of_this_thread(), before);
}

TEST(RunSoon, AsksForTheShortestSlicesAndChangesNothingElse) {
  Scheduling expected = of_this_thread();
  if (expected.slice_ns != 0) expected.slice_ns = 100'000;
  EXPECT_EQ(after(set_short_slice), expected);
}

}  // namespace
}  // namespace osproxy
