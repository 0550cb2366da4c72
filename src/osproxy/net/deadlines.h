// Deadlines for many connections at the cost of one timer: a list that a worker's tick walks.
//
//   Deadlines deadlines;
//   deadlines.advance(std::chrono::steady_clock::now());  // a few times a second
//   Deadline deadline(deadlines, [&] { socket.cancel(); });
//   deadline.expire_after(5s);                            // a store, no system call
//   deadline.clear();
//
// A deadline is precise to the tick, which is enough for timeouts of seconds. Walking 10,000
// connections takes some ten microseconds. Belongs to one thread. A Deadline must not outlive its
// list.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

namespace osproxy {

class Deadline;

class Deadlines {
 public:
  using Clock = std::chrono::steady_clock;

  Deadlines() = default;
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  /// Sets the time, and fires the deadlines that have expired. A callback must not destroy other
  /// deadlines: it cancels an operation, which completes later.
  inline void advance(Clock::time_point now);

  /// As of the last advance().
  Clock::time_point now() const noexcept { return now_; }

 private:
  friend class Deadline;

  Clock::time_point now_ = Clock::now();
  Deadline* first_ = nullptr;
};

class Deadline {
 public:
  Deadline(Deadlines& list, std::function<void()> on_expiry)
      : list_(list), on_expiry_(std::move(on_expiry)), next_(list.first_) {
    if (next_ != nullptr) next_->previous_ = this;
    list_.first_ = this;
  }

  ~Deadline() {
    (previous_ != nullptr ? previous_->next_ : list_.first_) = next_;
    if (next_ != nullptr) next_->previous_ = previous_;
  }

  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void expire_after(std::chrono::milliseconds delay) noexcept {
    at_ = list_.now_ + delay;
    expired_ = false;
  }

  /// The same, if it is set and has not fired; else nothing.
  void extend(std::chrono::milliseconds delay) noexcept {
    if (at_ != kNever) at_ = list_.now_ + delay;
  }

  void clear() noexcept {
    at_ = kNever;
    expired_ = false;
  }

  /// It has fired, and was not set again since.
  bool expired() const noexcept { return expired_; }

 private:
  friend class Deadlines;

  static constexpr auto kNever = Deadlines::Clock::time_point::max();

  Deadlines& list_;
  const std::function<void()> on_expiry_;
  Deadlines::Clock::time_point at_ = kNever;
  bool expired_ = false;
  Deadline* next_;
  Deadline* previous_ = nullptr;
};

inline void Deadlines::advance(Clock::time_point now) {
  now_ = now;
  for (Deadline* deadline = first_; deadline != nullptr; deadline = deadline->next_) {
    if (deadline->at_ > now) continue;
    deadline->at_ = Deadline::kNever;
    deadline->expired_ = true;
    deadline->on_expiry_();
  }
}

}  // namespace osproxy
