#include "sim/simulation.h"

#include <algorithm>
#include <deque>
#include <ostream>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "sim/model_etcd.h"
#include "sim/trace_text.h"
#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;

/// More than every time-out and the longest backoff together.
constexpr auto kCalmLasts = 60s;

/// With a healthy cluster: a proof's interval, and its deadline.
constexpr auto kLongestVerifiedAge = 10s;

/// Nothing that the machine does takes a thousand steps without time passing: it would be spinning.
constexpr int kMostStepsInOneMoment = 1000;

/// In ten seconds; full jitter from a quarter of a second on makes some eight of them.
constexpr std::size_t kMostConnections = 40;
constexpr auto kConnectionsCountedFor = 10s;

class Simulation {
 public:
  Simulation(const Schedule& schedule, std::ostream* trace)
      : schedule_(schedule),
        trace_(trace),
        random_(~schedule.seed),
        endpoints_(schedule.members, "member"),
        model_(time_, schedule.members, schedule.steady_network, Random(random_.next()),
               [this](Event event) { receive(std::move(event)); }),
        machine_({.endpoints = endpoints_}, Random(random_.next())),
        start_(time_.now()) {}

  std::optional<Violation> run() {
    for (const Step& step : schedule_.steps) {
      time_.after(step.at, [this, &step] { perform(step); });
    }
    resume(Start{});
    run_until(start_ + kFaultsLast);
    model_.calm();
    say("calm", "");
    wake_up();
    run_until(start_ + kFaultsLast + kCalmLasts);
    if (!violation_) expect_truth();
    resume(Stop{});
    if (model_.open_calls() != 0) violated("a call was not ended by Stop");
    return violation_;
  }

 private:
  void run_until(BootTime end) {
    if (!violation_) time_.run_until(end);
  }

  void perform(const Step& step) {
    if (violation_) return;
    say("world", to_string(step.deed));
    if (step.deed != Deed::SuspendInstance) return model_.perform(step);
    if (suspended_) return;
    suspended_ = true;
    time_.after(step.lasts, [this] { wake_up(); });
  }

  void wake_up() {
    if (!std::exchange(suspended_, false)) return;
    say("world", "the instance goes on");
    // What has come meanwhile is taken first: that is what a thread finds when it runs again.
    while (!waiting_.empty()) {
      Event event = std::move(waiting_.front());
      waiting_.pop_front();
      resume(std::move(event));
    }
    resume(TimePassed{});
  }

  void receive(Event event) {
    if (suspended_) return waiting_.push_back(std::move(event));
    resume(std::move(event));
  }

  void resume(Event event) {
    if (violation_) return;
    if (trace_) say("event", describe(event));
    if (std::exchange(last_step_, time_.now()) != time_.now()) steps_in_this_moment_ = 0;
    note_watch(event);
    if (++steps_in_this_moment_ > kMostStepsInOneMoment) return violated("the machine spins");
    for (const Action& action : machine_.resume(std::move(event), time_.now())) {
      if (trace_) say("action", describe(action));
      std::visit([this](const auto& one) { perform(one); }, action);
    }
    if (trace_) say("state", describe(machine_.status(), time_.now()));
    watch_over_age();
    watch_over_counts();
    watch_over_seen();
    plan_wake();
  }

  void plan_wake() {
    const auto wake = ++wakes_;
    const auto at = machine_.wake_at();
    if (!at) return;
    time_.after(std::max<std::chrono::nanoseconds>(*at - time_.now(), 0ns), [this, wake] {
      if (wake == wakes_ && !suspended_) resume(TimePassed{});
    });
  }

  template <class Action>
  void perform(const Action& action) {
    model_.perform(action);
  }
  void perform(const OpenConnection& open) {
    connections_.push_back(time_.now());
    while (connections_.front() < time_.now() - kConnectionsCountedFor) connections_.pop_front();
    if (connections_.size() > kMostConnections) violated("connections are opened in a storm");
    model_.perform(open);
  }
  void perform(const StartWatch& watch) {
    watch_ = watch.call;
    watch_is_up_ = false;
    model_.perform(watch);
  }
  void perform(const Apply& apply) {
    // Nobody can tell one absence from another: the first that it can be.
    show(apply.value ? model_.find(*apply.value) : model_.find_absence(shown_since_));
  }
  void perform(const RefuseOversized& refuse) { show(model_.find_huge(refuse.revision)); }

  /// Only what the key had, and never what had ended before what was shown last had begun.
  void show(const ModelEtcd::Version* version) {
    if (!version) return violated("a value is applied that the key never had");
    if (shown_ && version->current_until < shown_since_) {
      return violated("a value is applied that is older than the one before it");
    }
    if (version == shown_ && version->value && !version->huge && lineage_ == lineage()) {
      return violated("a value is offered twice");
    }
    if (version->value && !version->huge) {
      if (cluster_id_ != 0 && version->cluster_id != cluster_id_ && valued_lineage_ == lineage()) {
        return violated("another cluster's value is adopted and no lineage reset is counted");
      }
      cluster_id_ = version->cluster_id;
      valued_lineage_ = lineage();
    }
    lineage_ = lineage();
    shown_ = version;
    shown_since_ = version->committed;
  }

  std::uint64_t lineage() const { return machine_.status().counters.lineage_resets; }

  void note_watch(const Event& event) {
    if (const auto* answer = std::get_if<WatchAnswer>(&event); answer && answer->call == watch_) {
      watch_is_up_ = !answer->canceled;
    }
    if (const auto* failed = std::get_if<CallFailed>(&event); failed && failed->call == watch_) {
      watch_is_up_ = false;
    }
  }

  void watch_over_counts() {
    const MachineStatus& status = machine_.status();
    if (status.state == StoreState::Synced && !watch_is_up_) violated("synced without a watch");
    if (status.counters.broken_watches != 0 && prompt_) {
      violated("a watch is called broken that is not");
    }
  }

  void watch_over_seen() {
    if (!one_lineage_ || !shown_) return;  // else a revision does not say which history is meant
    const ModelEtcd::Version& seen = model_.at(machine_.status().seen);
    const bool both_absent = !seen.value && !shown_->value;
    if (&seen != shown_ && !both_absent) violated("a change is missed that it says it has seen");
  }

  /// "What I hold was the truth no longer than that ago."
  void watch_over_age() {
    const auto at = machine_.status().verified_at;
    if (!at || !shown_ || violation_) return;
    // Of values that cannot be received, and of absences, nobody can tell one from another.
    const ModelEtcd::Version* held = shown_->huge    ? model_.find_huge(machine_.status().revision)
                                     : shown_->value ? shown_
                                                     : model_.find_absence(*at);
    if (!held || held->current_until < *at) violated("the verified age is too small");
  }

  void expect_truth() {
    const MachineStatus& status = machine_.status();
    if (status.state != StoreState::Synced) return violated("it is not synced after a calm minute");
    const bool same = shown_ && (shown_->value == model_.current().value ||
                                 (shown_->huge && model_.current().huge));
    if (!same || status.revision != model_.current_revision()) {
      return violated("it does not hold the truth after a calm minute");
    }
    if (time_.now() - *status.verified_at > kLongestVerifiedAge) {
      violated("the verified age is too large after a calm minute");
    }
  }

  void violated(std::string what) {
    if (violation_) return;
    say("VIOLATION", what);
    violation_ = Violation{.at = time_.now() - start_, .what = std::move(what)};
  }

  void say(std::string_view kind, std::string_view what) {
    if (!trace_) return;
    const auto at = std::chrono::duration<double>(time_.now() - start_).count();
    *trace_ << fmt::format("{:11.6f} s  {:<9} {}\n", at, kind, what);
  }

  const Schedule& schedule_;
  std::ostream* const trace_;
  Random random_;
  const std::vector<std::string> endpoints_;
  VirtualTime time_;
  ModelEtcd model_;
  WatchMachine machine_;
  const BootTime start_;
  const bool prompt_ = keeps_watches_prompt(schedule_);
  const bool one_lineage_ = keeps_lineage(schedule_);

  bool suspended_ = false;
  std::deque<Event> waiting_;  // while suspended
  std::uint64_t wakes_ = 0;
  BootTime last_step_{};
  int steps_in_this_moment_ = 0;

  std::optional<CallId> watch_;  // the last one started
  bool watch_is_up_ = false;     // as far as the machine was told
  std::deque<BootTime> connections_;

  std::uint64_t lineage_ = 0;  // in which shown_ was applied
  // The same of the last that was a value, not an absence, of which all are alike.
  std::uint64_t cluster_id_ = 0;
  std::uint64_t valued_lineage_ = 0;
  const ModelEtcd::Version* shown_ = nullptr;
  BootTime shown_since_{};
  std::optional<Violation> violation_;
};

bool breaks_the_same(const Schedule& schedule, const Violation& violation) {
  const auto found = simulate(schedule);
  return found && found->what == violation.what;
}

}  // namespace

std::optional<Violation> simulate(const Schedule& schedule, std::ostream* trace) {
  return Simulation(schedule, trace).run();
}

Schedule shrink(Schedule schedule, const Violation& violation) {
  Schedule steady = schedule;
  steady.steady_network = true;
  if (breaks_the_same(steady, violation)) schedule = std::move(steady);

  // Ever smaller parts; after each that could be left out, the same size again.
  for (std::size_t part = std::max<std::size_t>(schedule.steps.size() / 2, 1); part > 0;) {
    bool smaller = false;
    for (std::size_t from = 0; from < schedule.steps.size();) {
      Schedule without = schedule;
      const auto first = without.steps.begin() + static_cast<std::ptrdiff_t>(from);
      const auto count = std::min(part, schedule.steps.size() - from);
      without.steps.erase(first, first + static_cast<std::ptrdiff_t>(count));
      if (breaks_the_same(without, violation)) {
        schedule = std::move(without);
        smaller = true;
      } else {
        from += part;
      }
    }
    if (!smaller || part > 1) part /= 2;
  }
  return schedule;
}

}  // namespace osproxy::etcd::sim
