// Times the stages of one request, if somebody wants to know: one clock read where a stage begins,
// and a branch if nobody does.
//
//   stages.enter(Stage::Connect);         // whoever begins to connect
//
// Handed on to whoever knows where a stage begins. Belongs to its worker.
#pragma once

#include "osproxy/core/clock.h"
#include "osproxy/record/stage_times.h"

namespace osproxy {

class StageTimer {
 public:
  /// Off at first: what comes before turn_on() is Stage::Receive.
  StageTimer(const Clock& clock, BootTime started) : clock_(clock), started_(started) {}

  void turn_on() noexcept { on_ = true; }
  void turn_off() noexcept {  // nobody wants to know after all
    on_ = false;
    times_ = StageTimes();
  }

  void enter(Stage stage) noexcept {
    if (on_) times_.enter(stage, clock_.boot() - started_);
  }

  /// The request was over at `end`.
  void end(BootTime end) noexcept {
    if (on_) times_.end(end - started_);
  }

  const StageTimes& times() const noexcept { return times_; }

 private:
  const Clock& clock_;
  const BootTime started_;
  StageTimes times_;
  bool on_ = false;
};

}  // namespace osproxy
