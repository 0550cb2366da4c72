// Lets one worker's bodies take turns, so that a fast body delays a small request by a fraction of
// a millisecond, however many fast bodies there are.
//
//   Turns turns(queue);                              // one for each body, where it is moved
//   if (turns.spend(size)) co_await turns.take();    // after each piece
//
// Problem: a read that finds bytes and a write that finds room do not suspend. A body whose both
// ends are fast therefore keeps the event loop to itself, until its last byte.
//
// Failed attempt: to post the coroutine to the loop after each piece lets other events in, but with
// a hundred bodies a small request waits for a hundred pieces at each of its steps.
//
// Algorithm: a body that has moved kTurnBytes joins a queue. The loop resumes one body of the queue
// each time it has looked for events, so a request's event waits for one turn and not for all.
//
// Belongs to one worker. The queue must outlive the coroutines that wait in it.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "osproxy/net/asio_types.h"
#include "osproxy/net/wakeup.h"

namespace osproxy {

class TurnQueue {
 public:
  explicit TurnQueue(Executor executor) : executor_(std::move(executor)) {}
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;

  /// Waits for the caller's turn.
  Task<> take();

 private:
  void resume_next_soon();

  const Executor executor_;
  std::deque<Wakeup*> waiting_;  // each in the frame of its take()
  bool is_resuming_ = false;     // resume_next_soon() is under way
};

/// The turns of one body.
class Turns {
 public:
  /// Some buffers' worth: 0.1 ms of copying, or of encryption, are far more than a turn's own cost.
  static constexpr std::size_t kTurnBytes = 256 * 1024;

  explicit Turns(TurnQueue& queue) noexcept : queue_(queue) {}

  /// A step costs so much besides its bytes, which may be few: its system calls.
  static constexpr std::size_t kStepBytes = 4 * 1024;

  /// After a step that moved `size` bytes. True if the turn is used up: take() is due.
  bool spend(std::size_t size) noexcept {
    spent_ += size + kStepBytes;
    return spent_ >= kTurnBytes;
  }

  /// Waits for the next turn, which begins with nothing spent.
  Task<> take() {
    spent_ = 0;
    return queue_.take();
  }

 private:
  TurnQueue& queue_;
  std::size_t spent_ = 0;
};

}  // namespace osproxy
