// A coroutine's sleep that another one ends.
//
//   Wakeup wakeup(executor);        // in the frame of the one that sleeps
//   …leave &wakeup where the other one finds it…
//   co_await wakeup.sleep();
//   wakeup->wake();                 // the other one; before or during the sleep
//
// Belongs to one worker. Lives in the sleeper's frame, which must unlink it at its end.
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
