// Ends the process when it does not stop in time, whatever holds it: an etcd that does not respond,
// a file on a hung server, a reload that reads a pipe, a thread that does not end.
//
//   StopGuard guard({.is_told = stop_is_pending,
//                    .cancel_start = cancel,
//                    .give_up_start = end_now,
//                    .give_up = fail_now});
//   start();                 // returns soon after `cancel`
//   guard.started();
//   serve();                 // takes SIGTERM by sigtimedwait(2)
//   guard.expect_end(45s);   // from here on, the process ends within 45 s
//
// SIGTERM and SIGINT are blocked in all threads, and main() takes them. One that stays pending for
// longer than `unheard` says that main() is stuck. A process that starts has no client to wait for:
// the signal cancels the start.
//
// Thread safety: started(), expect_end() and the destructor on one thread. The functions are called
// on the guard's thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace osproxy::app {

struct StopGuardOptions {
  /// True while the process has been told to stop and main() has not seen it.
  std::function<bool()> is_told;
  /// Called once if the process is told to stop before started(): ends the calls that the start
  /// waits for.
  std::function<void()> cancel_start;
  /// Ends the process, whose start does not return. `reason` is a sentence for the log.
  std::function<void(const std::string& reason)> give_up_start;
  /// Ends the process. `reason` is a sentence for the log.
  std::function<void(const std::string& reason)> give_up;
  /// From cancel_start() to give_up_start(): the calls of a start end within milliseconds.
  std::chrono::milliseconds unheard_at_start{1'000};
  /// Far above the time that a reload or a poll takes.
  std::chrono::milliseconds unheard{10'000};
  std::chrono::milliseconds interval{500};          ///< between two looks
  std::chrono::milliseconds interval_at_start{20};  ///< a stop is to seem immediate
};

class StopGuard {
 public:
  explicit StopGuard(StopGuardOptions options);
  StopGuard(const StopGuard&) = delete;
  StopGuard& operator=(const StopGuard&) = delete;

  /// The process serves.
  void started();

  /// The process is stopping, and must have ended within `bound`.
  void expect_end(std::chrono::milliseconds bound);

 private:
  using Time = std::chrono::steady_clock::time_point;

  void run(const std::stop_token& stop);
  std::optional<Time> latest(Time now);
  void give_up();

  const StopGuardOptions options_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool starting_ = true;     // guarded by mutex_
  std::optional<Time> end_;  // guarded by mutex_; set by expect_end()

  std::optional<Time> told_;  // guarded by mutex_: since when is_told()

  std::jthread thread_;  // last: ends before the other members go
};

/// True if SIGTERM or SIGINT waits to be taken.
bool stop_is_pending() noexcept;

}  // namespace osproxy::app
