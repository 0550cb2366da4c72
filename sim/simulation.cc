#include "sim/simulation.h"

#include <chrono>
#include <memory>
#include <utility>
#include <variant>

#include "sim/ack_oracle.h"
#include "sim/ack_run.h"
#include "sim/model_disk.h"
#include "sim/model_etcd.h"
#include "sim/set_oracle.h"
#include "sim/store_run.h"
#include "sim/virtual_time.h"
#include "sim/watch_oracle.h"
#include "sim/world.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;

/// Longer than every timeout and the longest backoff together.
constexpr auto kCalmLasts = 60s;

/// A cancelled call ends within this time.
constexpr auto kEndsTake = 10s;

class Simulation final : public StoreObserver, public AckObserver {
 public:
  Simulation(const Schedule& schedule, std::ostream* trace)
      : schedule_(schedule),
        random_(~schedule.seed),
        report_(time_, trace),
        etcd_(time_, schedule, Random(random_.next())),
        disk_(time_, Random(random_.next())) {
    etcd_.keys().set_listener([this](const auto& key, const auto* before, const auto* after) {
      set_oracle_.key_changed(key, before, after);
      ack_oracle_.key_changed(key, before, after);
    });
  }

  std::optional<Violation> run() {
    const BootTime start = time_.now();
    for (const Step& step : schedule_.steps) {
      time_.after(step.at, [this, &step] { perform(step); });
    }
    start_instance();
    run_until(start + kFaultsLast);
    etcd_.calm();
    report_.trace("calm", "");
    wake_up();
    start_instance();
    run_until(start + kFaultsLast + kCalmLasts);
    expect_truth();
    stop_for_good();
    return report_.violation();
  }

 private:
  void run_until(BootTime end) {
    if (!report_.violation()) time_.run_until(end);
  }

  void perform(const Step& step) {
    if (report_.violation()) return;
    report_.trace("world", to_string(step.kind));
    switch (step.kind) {
      case StepKind::SuspendInstance:
        return suspend(step);
      case StepKind::RestartInstance:
        if (store_ && !suspended_) stop_instance();
        return end_instance(step);
      case StepKind::LoseState:
        disk_.damage();
        return end_instance(step);
      case StepKind::Reboot:
        disk_.reboot();
        return end_instance(step);
      case StepKind::KillInstance:
        return end_instance(step);
      case StepKind::SetClockForward:
        return clock_.set_wall(step.lasts);
      case StepKind::SetClockBack:
        return clock_.set_wall(-step.lasts);
      default:
        return etcd_.perform(step);
    }
  }

  void suspend(const Step& step) {
    if (suspended_) return;
    suspended_ = true;
    time_.after(step.lasts, [this, run = run_] {
      if (run == run_) wake_up();
    });
  }

  void wake_up() {
    if (!std::exchange(suspended_, false)) return;
    report_.trace("world", "the instance goes on");
    // The events that have arrived come first, as for a thread that runs again.
    if (store_) store_->catch_up();
    if (acks_) acks_->catch_up();
  }

  void start_instance() {
    if (store_ || report_.violation()) return;
    report_.trace("world", "the instance starts");
    ++run_;
    watch_oracle_.begin_run();
    set_oracle_.begin_run(schedule_.with_state ? disk_.found() : nullptr, disk_.boot());
    std::unique_ptr<StateStorage> storage;
    if (schedule_.with_state) storage = disk_.storage([this] { return set_oracle_.bounds(); });
    store_ = std::make_unique<StoreRun>(world_, *this, std::move(storage), Random(random_.next()));
    store_->start();
    if (!schedule_.with_acks) return;
    ack_oracle_.begin_run();
    acks_ = std::make_unique<AckRun>(world_, *this, Random(random_.next()));
    acks_->start();
    report_to_acks();
  }

  void stop_instance() {
    if (acks_) acks_->stop();
    store_->stop();
    disk_.stop();
  }

  void end_instance(const Step& step) {
    if (!store_) return;
    disk_.crash();
    suspended_ = false;
    acks_.reset();
    store_.reset();
    time_.after(step.lasts, [this] { start_instance(); });
  }

  void expect_truth() {
    if (report_.violation()) return;
    watch_oracle_.expect_truth(store_->status());
    set_oracle_.expect_truth(store_->applier());
    store_->connection().calls().expect_ends(kEndsTake);
    if (!acks_) return;
    ack_oracle_.expect_truth(*acks_);
    acks_->connection().calls().expect_ends(kEndsTake);
  }

  void stop_for_good() {
    if (report_.violation()) return;
    stop_instance();
    time_.run_until(time_.now() + kEndsTake);
    store_->connection().calls().expect_none();
    if (!acks_) return;
    ack_oracle_.expect_end(*acks_);
    acks_->connection().calls().expect_none();
  }

  /// The store's state, as osproxy puts it into its ack.
  void report_to_acks() {
    if (!acks_) return;
    AckFacts facts{.revision = store_->applier().revision(),
                   .state = std::string(to_string(store_->status().state))};
    if (const auto& rejected = store_->applier().rejected()) {
      facts.rejected = InstanceAck::Rejected{.revision = rejected->revision,
                                             .slug = std::string(to_string(rejected->fault)),
                                             .where = rejected->where};
    }
    acks_->report(facts);
  }

  // StoreObserver
  void before(const WatchMachine::Event& event) override { watch_oracle_.before(event); }
  void before(const WatchMachine::Action& action) override {
    watch_oracle_.before(action, store_->status());
    const bool applies =
        std::holds_alternative<Apply>(action) || std::holds_alternative<RefuseOversized>(action);
    if (applies && watch_oracle_.shown()) set_oracle_.applied(*watch_oracle_.shown());
  }
  void after_step() override {
    watch_oracle_.after_step(store_->status());
    set_oracle_.after_step(store_->applier(), watch_oracle_.shown(), store_->status());
    report_to_acks();
  }

  // AckObserver
  void before(const AckMachine::Event& event) override { ack_oracle_.before(event); }
  void before(const AckMachine::Action& action) override { ack_oracle_.before(action); }

  const Schedule& schedule_;
  Random random_;
  VirtualTime time_;
  SimClock clock_{time_};
  Report report_;
  ModelEtcd etcd_;
  ModelDisk disk_;
  bool suspended_ = false;
  const World world_{schedule_, time_, clock_, etcd_, report_, suspended_};
  WatchOracle watch_oracle_{world_};
  SetOracle set_oracle_{world_};
  AckOracle ack_oracle_{world_};

  std::unique_ptr<StoreRun> store_;  // null: the instance is not running
  std::unique_ptr<AckRun> acks_;     // null: likewise, or the schedule has no acks
  std::uint64_t run_ = 0;
};

}  // namespace

std::optional<Violation> simulate(const Schedule& schedule, std::ostream* trace) {
  return Simulation(schedule, trace).run();
}

}  // namespace osproxy::etcd::sim
