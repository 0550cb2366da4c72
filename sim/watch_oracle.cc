#include "sim/watch_oracle.h"

#include <chrono>
#include <variant>

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;

/// In a healthy cluster: a proof's interval, and its deadline.
constexpr auto kLongestVerifiedAge = 10s;

/// In ten seconds. A backoff that begins at a quarter of a second opens some eight.
constexpr std::size_t kMostConnections = 40;
constexpr auto kConnectionsCountedFor = 10s;

}  // namespace

WatchOracle::WatchOracle(const World& world)
    : world_(world),
      prompt_(keeps_watches_prompt(world.schedule)),
      one_lineage_(keeps_lineage(world.schedule)),
      keeps_connections_(keeps_connections(world.schedule)) {}

void WatchOracle::begin_run() {
  watch_.reset();
  watch_is_up_ = false;
  lineage_ = 0;
  cluster_id_ = 0;
  valued_lineage_ = 0;
  shown_ = nullptr;
}

void WatchOracle::before(const WatchMachine::Event& event) {
  if (const auto* response = std::get_if<WatchResponse>(&event);
      response && response->call == watch_) {
    watch_is_up_ = !response->canceled;
  }
  if (const auto* failed = std::get_if<CallFailed>(&event); failed && failed->call == watch_) {
    watch_is_up_ = false;
  }
}

void WatchOracle::before(const WatchMachine::Action& action, const WatchStatus& status) {
  const auto lineage = status.counters.lineage_resets;
  if (const auto* watch = std::get_if<StartWatch>(&action)) {
    watch_ = watch->call;
    watch_is_up_ = false;
  } else if (std::holds_alternative<OpenConnection>(action)) {
    note_connection();
  } else if (const auto* apply = std::get_if<Apply>(&action)) {
    // Absences cannot be told apart: the oracle assumes the earliest possible one.
    show(apply->value ? world_.etcd.find(*apply->value) : world_.etcd.find_absence(shown_since_),
         lineage);
  } else if (const auto* refuse = std::get_if<RefuseOversized>(&action)) {
    show(world_.etcd.find_huge(refuse->revision), lineage);
  }
}

void WatchOracle::note_connection() {
  const BootTime now = world_.time.now();
  connections_.push_back(now);
  while (connections_.front() < now - kConnectionsCountedFor) connections_.pop_front();
  if (connections_.size() > kMostConnections) {
    world_.report.violated("connections are opened in a storm");
  }
}

/// The key had this version, and it had not ended before the last shown one began.
void WatchOracle::show(const Version* version, std::uint64_t lineage) {
  if (!version) return world_.report.violated("a value is applied that the key never had");
  if (version->current_until < shown_since_) {
    return world_.report.violated("a value is applied that is older than the one before it");
  }
  if (version == shown_ && version->value && !version->huge && lineage_ == lineage) {
    return world_.report.violated("a value is offered twice");
  }
  if (version->value && !version->huge) {
    if (cluster_id_ != 0 && version->cluster_id != cluster_id_ && valued_lineage_ == lineage) {
      return world_.report.violated(
          "another cluster's value is adopted and no lineage reset is counted");
    }
    cluster_id_ = version->cluster_id;
    valued_lineage_ = lineage;
  }
  lineage_ = lineage;
  shown_ = version;
  shown_since_ = version->committed;
}

void WatchOracle::after_step(const WatchStatus& status) {
  if (status.state == StoreState::Synced && !watch_is_up_) {
    world_.report.violated("synced without a watch");
  }
  if (status.counters.broken_watches != 0 && prompt_) {
    world_.report.violated("a healthy watch is called broken");
  }
  if (status.counters.reconnects != 0 && keeps_connections_) {
    world_.report.violated("a healthy connection is dropped");
  }
  check_age(status);
  check_seen(status);
}

void WatchOracle::check_seen(const WatchStatus& status) {
  if (!one_lineage_ || !shown_) return;  // a revision then belongs to several histories
  const Version& seen = world_.etcd.at(status.seen);
  const bool both_absent = !seen.value && !shown_->value;
  if (&seen != shown_ && !both_absent) {
    world_.report.violated("a change is missed that is reported as seen");
  }
}

/// The value held was current at `verified_at` or later.
void WatchOracle::check_age(const WatchStatus& status) {
  const auto at = status.verified_at;
  if (!at || !shown_ || world_.report.violation()) return;
  // Oversized values cannot be told apart, and neither can absences.
  const Version* held = shown_->huge    ? world_.etcd.find_huge(status.revision)
                        : shown_->value ? shown_
                                        : world_.etcd.find_absence(*at);
  if (!held || held->current_until < *at) {
    world_.report.violated("the verified age is too small");
  }
}

void WatchOracle::expect_truth(const WatchStatus& status) {
  if (status.state != StoreState::Synced) {
    return world_.report.violated("it is not synced after a calm minute");
  }
  const Version& truth = world_.etcd.current();
  const bool same = shown_ && (shown_->value == truth.value || (shown_->huge && truth.huge));
  if (!same || status.revision != world_.etcd.current_revision()) {
    return world_.report.violated("it does not hold the truth after a calm minute");
  }
  if (world_.time.now() - *status.verified_at > kLongestVerifiedAge) {
    world_.report.violated("the verified age is too large after a calm minute");
  }
}

}  // namespace osproxy::etcd::sim
