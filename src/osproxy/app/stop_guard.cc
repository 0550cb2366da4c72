#include "osproxy/app/stop_guard.h"

#include <utility>

#include <signal.h>

namespace osproxy::app {

StopGuard::StopGuard(StopGuardOptions options)
    : options_(std::move(options)), thread_([this](const std::stop_token& stop) { run(stop); }) {}

void StopGuard::started() {
  const std::lock_guard lock(mutex_);
  starting_ = false;
  told_.reset();
}

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
      give_up();
      return;
    }
    const auto interval = starting_ ? options_.interval_at_start : options_.interval;
    changed_.wait_for(lock, stop, interval, [] { return false; });
  }
}

/// With the mutex held: a start that ends now must not become a process that serves.
void StopGuard::give_up() {
  if (end_) return options_.give_up("the process does not end by itself");
  if (starting_) return options_.give_up_start("the process is told to stop while it starts");
  options_.give_up("the process is told to stop, and does not react");
}

/// The time at which the process must have ended; nullopt: it is not told to stop.
std::optional<StopGuard::Time> StopGuard::latest(Time now) {
  if (end_) return end_;
  if (!options_.is_told()) {
    told_.reset();
    return std::nullopt;
  }
  if (!told_) {
    told_ = now;
    if (starting_) options_.cancel_start();
  }
  return *told_ + (starting_ ? options_.unheard_at_start : options_.unheard);
}

bool stop_is_pending() noexcept {
  sigset_t pending;
  sigemptyset(&pending);
  return ::sigpending(&pending) == 0 &&
         (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

}  // namespace osproxy::app
