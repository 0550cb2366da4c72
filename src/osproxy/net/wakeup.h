// A coroutine's sleep that another coroutine ends.
//
//   Wakeup wakeup(executor);        // in the frame of the coroutine that sleeps
//   sleepers.push_back(&wakeup);    // where the other coroutine finds it
//   co_await wakeup.sleep();
//
// The other coroutine calls wake(), before or during the sleep. Belongs to one worker. Lives in the
// sleeper's frame, which must unlink it before it ends.
#pragma once

#include "osproxy/net/asio_types.h"

namespace osproxy {

class Wakeup {
 public:
  explicit Wakeup(const Executor& executor) : timer_(executor) {
    timer_.expires_at(SteadyClock::time_point::max());
  }

  Task<> sleep();

  void wake() {
    awake_ = true;
    timer_.cancel();
  }

 private:
  Timer timer_;
  bool awake_ = false;
};

}  // namespace osproxy
