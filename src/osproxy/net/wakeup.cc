#include "osproxy/net/wakeup.h"

namespace osproxy {

Task<> Wakeup::sleep() {
  if (!awake_) co_await timer_.async_wait(kAsTask);
}

}  // namespace osproxy
