#include "osproxy/core/give_way.h"

#include <sys/resource.h>

namespace osproxy {

void give_way() noexcept {
  constexpr int kNicest = 19;
  // 0 is the calling thread. To be nicer is always allowed.
  ::setpriority(PRIO_PROCESS, 0, kNicest);
}

}  // namespace osproxy
