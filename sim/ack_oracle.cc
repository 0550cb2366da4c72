#include "sim/ack_oracle.h"

#include <chrono>
#include <variant>

#include "osproxy/store/ack.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenWrites = 100ms;

/// After these events the key may have changed since the last write.
bool is_unsettling(const AckMachine::Event& event) {
  if (const auto* kept = std::get_if<KeptAlive>(&event)) return kept->ttl <= kept->ttl.zero();
  if (const auto* write = std::get_if<WriteDone>(&event)) return !write->succeeded;
  return std::holds_alternative<CallFailed>(event);
}

}  // namespace

void AckOracle::begin_run() {
  facts_.reset();
  has_reason_ = false;
  written_at_.reset();
  own_ = 0;
  keeping_.reset();
  gone_.reset();
}

void AckOracle::before(const AckMachine::Event& event) {
  if (const auto* report = std::get_if<AckReport>(&event)) {
    facts_ = report->facts;
    has_reason_ = true;
  }
  if (const auto* write = std::get_if<WriteDone>(&event); write && write->succeeded) {
    own_ = write->mod_revision;
  }
  if (const auto* read = std::get_if<ReadDone>(&event); read && read->mod_revision != own_) {
    has_reason_ = true;
  }
  if (is_unsettling(event)) has_reason_ = true;
  if (const auto* kept = std::get_if<KeptAlive>(&event)) note_kept(*kept);
  if (std::holds_alternative<CallFailed>(event))
    written_at_.reset();  // the call that failed may have been the write
}

void AckOracle::before(const AckMachine::Action& action) {
  if (std::holds_alternative<OpenConnection>(action)) {
    has_reason_ = true;
    written_at_.reset();  // a write without a response is repeated, after a backoff
  }
  if (std::holds_alternative<CloseConnection>(action)) keeping_.reset();
  if (const auto* keep = std::get_if<KeepLeaseAlive>(&action)) {
    keeping_ = *keep;
    expect_lease(keep->lease);
  }
  if (const auto* write = std::get_if<WriteAck>(&action)) {
    note_write(*write);
    expect_lease(write->lease);
  }
}

void AckOracle::note_kept(const KeptAlive& kept) {
  if (keeping_ && kept.call == keeping_->call && kept.ttl <= kept.ttl.zero()) {
    gone_ = keeping_->lease;
  }
}

void AckOracle::expect_lease(LeaseId lease) {
  if (lease == gone_)
    world_.report.violated("a lease is used though a response said that it is gone");
}

/// At most one write for each change, and no bursts.
void AckOracle::note_write(const WriteAck& write) {
  if (write.facts != facts_) world_.report.violated("an ack is written that is not true");
  if (!has_reason_) world_.report.violated("an ack is written though nothing has changed");
  has_reason_ = false;
  const BootTime now = world_.time.now();
  if (written_at_ && now < *written_at_ + kBetweenWrites) {
    world_.report.violated("acks are written in a burst");
  }
  written_at_ = now;
}

void AckOracle::expect_truth(const AckRun& run) {
  const ModelKeys::Key* key = world_.etcd.keys().find(ack_key());
  if (!world_.schedule.may_write) {
    if (key) world_.report.violated("an ack is written without permission");
    if (run.status().state != AckState::NotPermitted) {
      world_.report.violated("the status hides that it may not write its ack");
    }
    return;
  }
  if (!key) return world_.report.violated("there is no ack after a calm minute");
  const auto ack = decode_ack(key->value);
  if (!ack || ack->started != run.started()) {
    return world_.report.violated("the ack is another run's after a calm minute");
  }
  if (AckFacts{ack->revision, ack->rejected, ack->state} != facts_) {
    world_.report.violated("the ack is not true after a calm minute");
  }
  if (key->lease == 0) world_.report.violated("the ack outlives its instance");
  if (run.status().state != AckState::Written) {
    world_.report.violated("the status hides that its ack is written");
  }
}

void AckOracle::expect_end(const AckRun& run) {
  if (!run.is_over()) return world_.report.violated("the ack's writer does not stop");
  if (world_.etcd.keys().find(ack_key())) {
    world_.report.violated("the ack is left behind by a stop");
  }
}

/// No run overwrites another run's ack.
void AckOracle::key_changed(const std::string& key, const ModelKeys::Key* before,
                            const ModelKeys::Key* after) {
  if (key != ack_key() || !before || !after) return;
  const auto old = decode_ack(before->value);
  const auto fresh = decode_ack(after->value);
  if (!old || !fresh || old->started != fresh->started) {
    world_.report.violated("another run's ack is overwritten");
  }
}

}  // namespace osproxy::etcd::sim
