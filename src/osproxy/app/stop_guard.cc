#include "osproxy/app/stop_guard.h"

#include <utility>

#include <signal.h>

namespace osproxy::app {

StopGuard::StopGuard(StopGuardOptions options)
    : options_(std::move(options)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void StopGuard::expect_end(std::chrono::milliseconds bound) {
  const std::lock_guard lock(mutex_);
  end_ = std::chrono::steady_clock::now() + bound;
  changed_.notify_all();
}

void StopGuard::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const Time now = std::chrono::steady_clock::now();
    const auto end = latest(now);
    if (end && now >= *end) {
      const bool stopping = end_.has_value();
      lock.unlock();
      return options_.give_up(stopping ? "the process does not end by itself"
                                       : "the process is told to stop, and does not react");
    }
    changed_.wait_for(lock, stop, options_.interval, [] { return false; });
  }
}

/// The time at which the process must have ended; nullopt: it is not told to stop.
std::optional<StopGuard::Time> StopGuard::latest(Time now) {
  if (end_) return end_;
  if (!options_.is_told()) {
    told_.reset();
    return std::nullopt;
  }
  if (!told_) told_ = now;
  return *told_ + options_.unheard;
}

bool stop_is_pending() noexcept {
  sigset_t pending;
  sigemptyset(&pending);
  return ::sigpending(&pending) == 0 &&
         (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

}  // namespace osproxy::app
