#include "osproxy/net/turn_queue.h"

#include <boost/asio/post.hpp>

namespace osproxy {

Task<> TurnQueue::take() {
  Wakeup wakeup(executor_);
  waiting_.push_back(&wakeup);
  resume_next_soon();
  co_await wakeup.sleep();
}

/// The loop looks for events between two posted functions, so at most one body is resumed for each
/// look.
void TurnQueue::resume_next_soon() {
  if (is_resuming_ || waiting_.empty()) return;
  is_resuming_ = true;
  asio::post(executor_, [this] {
    is_resuming_ = false;
    Wakeup* const next = waiting_.front();
    waiting_.pop_front();
    next->wake();
    resume_next_soon();
  });
}

}  // namespace osproxy
