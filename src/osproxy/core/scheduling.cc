#include "osproxy/core/scheduling.h"

#include <cstdint>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osproxy {
namespace {

// The structure of sched_setattr(2); glibc 2.36 declares neither it nor the call.
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48, "SCHED_ATTR_SIZE_VER0");

constexpr int kThisThread = 0;

}  // namespace

void set_idle_priority() noexcept {
  constexpr int kNicest = 19;
  ::setpriority(PRIO_PROCESS, kThisThread, kNicest);
}

void set_short_slice() noexcept {
  constexpr unsigned kNoFlags = 0;
  SchedulingAttributes attributes;
  if (::syscall(SYS_sched_getattr, kThisThread, &attributes, sizeof(attributes), kNoFlags) != 0) {
    return;
  }
  // The program has chosen another policy.
  if (attributes.policy != SCHED_OTHER) return;
  attributes.runtime_ns = 100'000;  // the shortest that the kernel accepts
  ::syscall(SYS_sched_setattr, kThisThread, &attributes, kNoFlags);
}

}  // namespace osproxy
