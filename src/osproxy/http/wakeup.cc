#include "osproxy/http/wakeup.h"

namespace osproxy::http {

Task<> Wakeup::sleep() {
  if (!awake_) co_await timer_.async_wait(kAsTask);
}

}  // namespace osproxy::http
