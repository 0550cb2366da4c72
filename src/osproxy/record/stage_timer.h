// Measures the stages of one request. While it is on, entering a stage costs one read of the clock;
// while it is off, two branches and the store of a byte.
//
//   StageTimer timer(clock, started);
//   timer.turn_on();                        // a directive selects the request
//   timer.enter(Stage::Connect);            // the connector begins
//   show(timer.current());                  // Stage::Connect, also while the timer is off
//   timer.end(clock.boot());
//
// Belongs to the request's worker, which passes it to each component that begins a stage.
#pragma once

#include "osproxy/core/clock.h"
#include "osproxy/record/stage_times.h"

namespace osproxy {

class StageTimer {
 public:
  /// Off at first. The time before turn_on() is counted as Stage::Receive.
  StageTimer(const Clock& clock, BootTime started) : clock_(clock), started_(started) {}

  void turn_on() noexcept { on_ = true; }
  bool is_on() const noexcept { return on_; }
  /// Turns it on while the request is under way. All the time so far counts for the current stage.
  void turn_on_late() noexcept {
    if (on_) return;
    on_ = true;
    times_.enter(current_, std::chrono::nanoseconds(0));
  }
  /// Forgets the times measured so far.
  void turn_off() noexcept {
    on_ = false;
    times_ = StageTimes();
  }

  void enter(Stage stage) noexcept {
    if (stage > current_ || stage == Stage::Queue) current_ = stage;
    if (on_) times_.enter(stage, clock_.boot() - started_);
  }

  /// The stage that the request is in; as StageTimes::enter() says, it goes back to Queue only.
  Stage current() const noexcept { return current_; }

  /// Around a wait for the client, in Stage::Send or Stage::Transfer. Both may be under way at
  /// once.
  void begin_client_wait(Stage stage) noexcept {
    if (on_) wait_of(stage) = clock_.boot();
  }
  void end_client_wait(Stage stage) noexcept {
    if (on_) times_.add_client_wait(stage, clock_.boot() - wait_of(stage));
  }

  /// The request ended at `end`.
  void end(BootTime end) noexcept {
    if (on_) times_.end(end - started_);
  }

  const StageTimes& times() const noexcept { return times_; }

 private:
  BootTime& wait_of(Stage stage) noexcept {
    return stage == Stage::Send ? send_wait_began_ : transfer_wait_began_;
  }

  const Clock& clock_;
  const BootTime started_;
  StageTimes times_;
  BootTime send_wait_began_{};
  BootTime transfer_wait_began_{};
  Stage current_ = Stage::Receive;
  bool on_ = false;
};

}  // namespace osproxy
