// The watch machine against the model of etcd, under random faults, for many seeds.
//
//   OSPROXY_SEED=1234 etcd_test --gtest_filter='*Model*'           replays one schedule
//   OSPROXY_SCHEDULES=1000000 etcd_test --gtest_filter='*Model*'   tries more of them
#include <cstdlib>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "tests/etcd/model_etcd.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kSchedules = 2000;
constexpr auto kFaultsLast = 120s;
constexpr auto kCalmLasts = 60s;  // more than every timeout and the longest backoff together

/// One schedule: drives the machine, disturbs the model, and watches over what is applied.
class Simulation {
 public:
  explicit Simulation(std::uint64_t seed)
      : random_(seed),
        endpoints_(1 + random_.below(3), "member"),
        model_(time_, endpoints_.size(), Random(random_.next()),
               [this](Event event) { step(std::move(event)); }),
        machine_({.endpoints = endpoints_}, Random(random_.next())) {}

  void run() {
    step(Start{});
    live();
    disturb();
    const BootTime faults_end = time_.now() + kFaultsLast;
    time_.run_until(faults_end);
    calm_ = true;
    model_.calm();
    time_.run_until(faults_end + kCalmLasts);
    expect_truth();
    step(Stop{});
    EXPECT_EQ(model_.open_calls(), 0u) << "calls that nobody ended";
  }

 private:
  std::chrono::nanoseconds within(std::chrono::nanoseconds most) {
    const auto bound = static_cast<std::uint64_t>(most.count());
    return std::chrono::nanoseconds{static_cast<std::int64_t>(random_.below(bound))};
  }

  /// The key changes, more or less often, until the calm.
  void live() {
    if (calm_) return;
    switch (random_.below(10)) {
      case 0:
        model_.remove();
        break;
      case 1:
      case 2:
        model_.touch();
        break;
      case 3:
        model_.put(random_.below(3) == 0);
        break;
      default:
        model_.put(false);
    }
    time_.after(random_.below(4) == 0 ? within(10s) : within(300ms), [this] { live(); });
  }

  void disturb() {
    if (calm_) return;
    model_.disturb();
    time_.after(within(8s), [this] { disturb(); });
  }

  void step(Event event) {
    for (const Action& action : machine_.resume(std::move(event), time_.now())) {
      std::visit([this](const auto& one) { perform(one); }, action);
    }
    watch_over_age();
    const auto wake = ++wakes_;
    if (const auto at = machine_.wake_at()) {
      time_.after(std::max<std::chrono::nanoseconds>(*at - time_.now(), 0ns), [this, wake] {
        if (wake == wakes_) step(TimePassed{});
      });
    }
  }

  template <class Action>
  void perform(const Action& action) {
    model_.perform(action);
  }
  void perform(const Apply& apply) {
    // Nobody can tell one absence from another: the first that it can be.
    show(apply.value ? model_.find(*apply.value) : model_.find_absence(shown_since_), "applied");
  }
  void perform(const RefuseOversized& refuse) {
    show(model_.find_huge(refuse.revision), "refused");
  }

  /// Only what the key had, and never what had ended before what was shown last had begun.
  void show(const ModelEtcd::Version* version, const char* what) {
    ASSERT_TRUE(version) << what << " a value that the key never had";
    if (shown_) {
      EXPECT_GE(version->current_until, shown_since_)
          << what << " an older value than shown before";
    }
    shown_ = version;
    shown_since_ = version->committed;
  }

  /// "What I hold was the truth no longer than that ago."
  void watch_over_age() {
    const auto at = machine_.status().verified_at;
    if (!at || !shown_) return;
    // Of values that cannot be received, and of absences, nobody can tell one from another.
    const ModelEtcd::Version* held = shown_->huge    ? model_.find_huge(machine_.status().revision)
                                     : shown_->value ? shown_
                                                     : model_.find_absence(*at);
    ASSERT_TRUE(held) << "a verified age that is too small";
    EXPECT_GE(held->current_until, *at) << "a verified age that is too small";
  }

  void expect_truth() {
    const MachineStatus& status = machine_.status();
    EXPECT_EQ(status.state, StoreState::Synced) << status.reason;
    EXPECT_TRUE(shown_->value == model_.current().value ||
                (shown_->huge && model_.current().huge));  // nobody can tell those apart
    EXPECT_EQ(status.revision, model_.current_revision());
    EXPECT_LE(time_.now() - *status.verified_at, 10s);
  }

  Random random_;
  const std::vector<std::string> endpoints_;
  VirtualTime time_;
  ModelEtcd model_;
  WatchMachine machine_;
  bool calm_ = false;
  std::uint64_t wakes_ = 0;
  const ModelEtcd::Version* shown_ = nullptr;
  BootTime shown_since_{};
};

std::optional<std::uint64_t> from_environment(const char* name) {
  const char* const text = std::getenv(name);
  return text ? std::optional(std::strtoull(text, nullptr, 10)) : std::nullopt;
}

TEST(WatchModel, HoldsTheTruthWhateverHappens) {
  const auto chosen = from_environment("OSPROXY_SEED");
  const std::uint64_t first = chosen.value_or(1);
  const std::uint64_t last =
      chosen.value_or(from_environment("OSPROXY_SCHEDULES").value_or(kSchedules));
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("replay with OSPROXY_SEED=" + std::to_string(seed));
    Simulation(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace osproxy::etcd
