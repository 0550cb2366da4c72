// The watch of one etcd key, as a pure machine: events in, actions out.
//
//   WatchMachine machine({.endpoints = {"10.0.0.1:2379"}}, Random::from_system());
//   perform(machine.resume(Start{}, clock.now()));
//   while (!stopped) {
//     auto event = transport.next(*machine.wake_at() - clock.boot());
//     perform(machine.resume(event ? to_machine<WatchMachine::Event>(*std::move(event))
//                                  : TimePassed{},
//                            clock.now()));
//   }
//   perform(machine.resume(Stop{}, clock.now()));
//
// Problem: hold the current value of the key for months, miss no change, and know at any moment how
// old the proof of that is.
//
// Failed attempt: read the key, then watch it, and reconnect when the stream ends. But a stream can
// be silent for ever and look healthy: the server is frozen, the member is cut off from its
// cluster, the cluster was restored from a backup. Silence is no sign of health.
//
// Idea: a linearizable read cannot be stale. One such read of the key's revision every few seconds
// (the proof read) must agree with the value that the machine holds.
//
// Algorithm: read the key at a revision R, watch from R + 1, prove every 4 to 5 s. If a proof does
// not agree, wait a second for the watch to catch up; then read again. If a call fails or has no
// response in time, open a fresh connection to the next endpoint and begin with a read again.
// docs/design/watch.md has the rules (W1 to W20), their reasons and the table of phases.
//
// The machine knows nothing of directives. Apply carries the bytes of one value of the key, and
// each value once: a value that the store rejects is not offered again.
//
// Uses only the boot clock of `now`: a wall clock that somebody sets changes nothing.
// Not thread-safe, not copyable.
// Invariants: at most one connection is open, and on it at most one full read, one proof read and
// one watch. A call that the machine no longer waits for is cancelled, or its connection closed.
// Within a lineage, Apply never goes back to an older revision.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "osproxy/core/backoff.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/etcd/failure.h"
#include "osproxy/etcd/machine_events.h"
#include "osproxy/etcd/protocol.h"
#include "osproxy/etcd/watch_counters.h"
#include "osproxy/store/directive_store.h"

namespace osproxy::etcd {

struct WatchMachineOptions {
  std::vector<std::string> endpoints;  ///< at least one; the names appear in the reasons

  /// For a read of the whole document. Longer than a proof's: it may carry 1 MiB.
  std::chrono::nanoseconds read_timeout = std::chrono::seconds{5};
  /// The same, until the first read has succeeded.
  std::chrono::nanoseconds first_read_timeout = std::chrono::seconds{5};
  /// Until etcd must have confirmed a new watch.
  std::chrono::nanoseconds watch_timeout = std::chrono::seconds{3};
  /// From the start of one proof to the start of the next, less up to a fifth of jitter.
  std::chrono::nanoseconds proof_interval = std::chrono::seconds{5};
  std::chrono::nanoseconds proof_timeout = std::chrono::seconds{3};
  /// How long the watch may take to bring a change that a proof has seen.
  std::chrono::nanoseconds catch_up_timeout = std::chrono::seconds{1};
  /// After this time without a proof, the state is Stale.
  std::chrono::nanoseconds stale_after = std::chrono::seconds{30};
  BackoffOptions backoff{};
};

// Actions, besides OpenConnection and CloseConnection.
struct StartRead {
  CallId call;
  bool keys_only;
  std::chrono::nanoseconds timeout;
};
struct StartWatch {
  CallId call;
  Revision start_revision;
};
struct CancelCall {
  CallId call;
};
/// The key has this value now. Without a value the key does not exist, and the set is empty.
struct Apply {
  Revision revision;  ///< the key's mod_revision; 0 without a value
  std::optional<std::string> value;
  bool from_watch =
      false;  ///< the watch brought it: the change is new. A read may bring an old one
};
/// The key has a value at `revision` that is too large to be received. The store rejects it.
struct RefuseOversized {
  Revision revision;
};

struct WatchStatus {
  StoreState state = StoreState::Connecting;
  std::string reason{};   ///< why it is not Synced; empty if it is
  Revision revision = 0;  ///< the mod_revision of the value held, good or not; 0: no such key
  Revision seen = 0;      ///< every change of the key up to this revision is known
  std::uint64_t cluster_id = 0;  ///< of the value held; 0 before the first read
  /// The start of the last read that agreed with the value held.
  std::optional<BootTime> verified_at{};
  WatchCounters counters{};

  friend bool operator==(const WatchStatus&, const WatchStatus&) = default;
};

class WatchMachine {
 public:
  using Event = std::variant<Start, TimePassed, Stop, ReadDone, WatchResponse, CallFailed>;
  using Action = std::variant<OpenConnection, CloseConnection, StartRead, StartWatch, CancelCall,
                              Apply, RefuseOversized>;
  using Actions = std::vector<Action>;

  WatchMachine(WatchMachineOptions options, Random random);
  WatchMachine(const WatchMachine&) = delete;
  WatchMachine& operator=(const WatchMachine&) = delete;

  [[nodiscard]] Actions resume(Event event, Now now);

  /// nullopt after Stop, and before Start.
  std::optional<BootTime> wake_at() const;

  const WatchStatus& status() const noexcept { return status_; }

  /// The last failure at each endpoint since the last success there.
  const std::vector<std::optional<Failure>>& failures() const noexcept {
    return endpoints_.failures;
  }

 private:
  enum class Phase : std::uint8_t {
    Idle,             // before Start
    BackingOff,       // no connection; the next one is opened at deadline_
    Reading,          // the full read is under way
    ReadingRevision,  // the value is too large to be received: only its revision is being read
    Opening,          // the watch is not confirmed yet
    Watching,         // the watch is up; proofs are being made
    Stopped,
  };

  struct Endpoints {
    std::vector<std::size_t> order;  // shuffled
    std::size_t turn = 0;            // in order, modulo its size
    std::vector<std::optional<Failure>> failures;

    std::size_t current() const { return order[turn % order.size()]; }
  };

  // The value held, and its lineage.
  struct Held {
    std::uint64_t cluster_id;
    Revision seen;          // every change of the key up to this revision is known
    Revision mod_revision;  // 0: no such key
    // Of the value, or of no bytes without one; nullopt if it was too large to be received.
    std::optional<std::uint64_t> hash;
  };

  // A full or a proof read, and the revisions held when it began: a linearizable response may be
  // newer than those, but not older.
  struct Read {
    CallId call;
    BootTime started;
    Revision seen;
    Revision mod_revision;
  };

  // A proof that has seen a change which the watch has not brought yet.
  struct CatchUp {
    BootTime proof_started;
    Revision mod_revision;
    Revision revision;
    BootTime deadline;
  };

  // The calls under way, and their partial results.
  struct Calls {
    std::optional<Read> read{};          // Reading, ReadingRevision
    std::optional<CallId> watch{};       // Opening, Watching
    std::optional<WatchEvent> newest{};  // of a response whose last fragment has not come yet
    std::optional<Read> proof{};         // Watching
    std::optional<CatchUp> catch_up{};   // Watching
  };

  // Facts about the open connection.
  struct Connection {
    int repairs = 0;                      // since a watch on it has brought a change
    std::optional<Revision> oversized{};  // the revision that the last ReadingRevision found
  };

  enum class ReadOutcome : std::uint8_t { Doubted, Known, New };

  void handle(Start);
  void handle(TimePassed) {}
  void handle(Stop);
  void handle(ReadDone&& response);
  void handle(WatchResponse&& response);
  void handle(CallFailed&& failed);

  // Connections, timers, state: watch_machine.cc.
  void open_connection();
  void lose_connection(Failure failure);
  void read_again(Failure failure);
  void check_timers();
  void check_watching();
  void explain(const Failure& failure);
  void update_status();

  // Calls and their responses: watch_machine_calls.cc.
  CallId next_call() { return CallId{++last_call_}; }
  Read begin_read(bool keys_only, std::chrono::nanoseconds timeout);
  void start_read(Phase phase);
  void finish_read(ReadDone&& response);
  void finish_revision_read(ReadDone&& response);
  ReadOutcome judge_read(const ReadDone& response, std::optional<std::uint64_t> hash);
  bool fits(const ReadDone& response, const Read& read) const;
  bool confirms_doubt(const Header& header) const;
  void doubt(const Header& header);
  void start_watch();
  void watch_cancelled(const WatchResponse& response);
  void take_events(WatchResponse&& response);
  void apply(WatchEvent&& event);
  void start_proof();
  void schedule_proof(BootTime started);
  void finish_proof(const ReadDone& response);
  bool agrees(Revision mod_revision, Revision revision) const;
  void verified(BootTime proof_started, Revision revision);
  void count(CancelClass cancel);

  const WatchMachineOptions options_;
  Random random_;
  Backoff backoff_;
  Endpoints endpoints_;

  Phase phase_ = Phase::Idle;
  BootTime now_{};
  BootTime deadline_{};  // of the phase; while Watching: when the next proof begins
  Connection connection_;
  Calls calls_;

  std::optional<Held> held_;
  std::optional<Header> doubt_;  // of a response that does not fit the value held
  std::string reason_;           // why the state is not Synced

  std::uint64_t last_call_ = 0;
  Actions actions_;
  WatchStatus status_;
};

}  // namespace osproxy::etcd
