// The watch of one etcd key, as a pure machine: events in, actions out.
//
//   WatchMachine machine({.endpoints = {"10.0.0.1:2379"}}, Random::from_system());
//   perform(machine.resume(Start{}, clock.boot()));
//   while (…) {
//     auto event = transport.next(until(machine.wake_at()));
//     perform(machine.resume(event ? … : TimePassed{}, clock.boot()));
//   }
//
// It reads the key at a revision R, watches from R + 1, proves every few seconds by a linearizable
// read that what it holds is current, and repairs whatever goes wrong, for ever. It has no socket,
// thread, clock or randomness of its own, so that all of it can be tested and simulated.
// docs/design/watch.md has the rules (W1 to W20), their reasons and the table of states.
//
// It knows nothing of directives: Apply carries the bytes of one value of the key, each value once.
// A value that the store rejects is therefore not offered again.
//
// Not thread-safe. A value type would be possible but is of no use: not copyable.
// Invariants: at most one connection is open, and on it at most one full read, one proof read and
// one watch; a call that the machine no longer waits for is cancelled, or its connection closed;
// within a lineage, Apply never goes back to an older revision.
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
#include "osproxy/etcd/protocol.h"
#include "osproxy/etcd/watch_counters.h"
#include "osproxy/store/directive_store.h"

namespace osproxy::etcd {

struct WatchMachineOptions {
  std::vector<std::string> endpoints;  ///< at least one; the names are for the reasons given

  /// A read of the whole document. Longer than a proof's: it may carry 1 MiB.
  std::chrono::nanoseconds read_timeout = std::chrono::seconds{5};
  /// The same, as long as no read has succeeded yet.
  std::chrono::nanoseconds first_read_timeout = std::chrono::seconds{5};
  /// Until a new watch must have been confirmed.
  std::chrono::nanoseconds watch_timeout = std::chrono::seconds{3};
  /// From one proof's start to the next one's, less up to a fifth of jitter.
  std::chrono::nanoseconds proof_interval = std::chrono::seconds{5};
  std::chrono::nanoseconds proof_timeout = std::chrono::seconds{3};
  /// How long the watch may take to bring what a proof has seen.
  std::chrono::nanoseconds catch_up_timeout = std::chrono::seconds{1};
  /// Without a proof for that long, the state is Stale.
  std::chrono::nanoseconds stale_after = std::chrono::seconds{30};
  BackoffOptions backoff{};
};

// Events. What the transport reports goes in as it is.
struct Start {};       ///< once, first
struct TimePassed {};  ///< at wake_at(), or whenever
struct Stop {};        ///< everything is to end; what comes later is ignored

using Event = std::variant<Start, TimePassed, Stop, ReadDone, WatchResponse, CallFailed>;

// Actions, to be performed in their order.
struct OpenConnection {
  std::size_t endpoint;  ///< an index into WatchMachineOptions::endpoints
};
struct CloseConnection {};
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
/// The key has this value now; no value: there is no such key, and everything is off.
struct Apply {
  Revision revision;  ///< the key's mod_revision; 0 without a value
  std::optional<std::string> value;
  bool is_news = false;  ///< brought by the watch, so that it is not older than our last response
};
/// The key has a value at `revision` that is too large to be received: to be treated as rejected.
struct RefuseOversized {
  Revision revision;
};

using Action = std::variant<OpenConnection, CloseConnection, StartRead, StartWatch, CancelCall,
                            Apply, RefuseOversized>;
using Actions = std::vector<Action>;

struct MachineStatus {
  StoreState state = StoreState::Connecting;
  std::string reason{};   ///< why it is not Synced; empty if it is
  Revision revision = 0;  ///< the mod_revision of the value held, good or not; 0: no such key
  Revision seen = 0;      ///< the highest revision up to which every change of the key is known
  std::uint64_t cluster_id = 0;  ///< of what is held; 0 before the first read
  /// The start of the last read that agreed with what is held.
  std::optional<BootTime> verified_at{};
  WatchCounters counters{};

  friend bool operator==(const MachineStatus&, const MachineStatus&) = default;
};

class WatchMachine {
 public:
  WatchMachine(WatchMachineOptions options, Random random);
  WatchMachine(const WatchMachine&) = delete;
  WatchMachine& operator=(const WatchMachine&) = delete;

  /// Takes one event. `now` never goes back.
  [[nodiscard]] Actions resume(Event event, BootTime now);

  /// When to resume with TimePassed, if nothing happens before; nullopt after Stop.
  std::optional<BootTime> wake_at() const;

  const MachineStatus& status() const noexcept { return status_; }

  /// The last failure at each endpoint since the last success there.
  const std::vector<std::optional<Failure>>& failures() const noexcept { return failures_; }

 private:
  enum class Phase : std::uint8_t {
    Idle,      // before Start
    Waiting,   // no connection; the next attempt is at deadline_
    Reading,   // the full read is under way
    Sizing,    // the value is too large to be read: its revision is being read
    Opening,   // the watch is not confirmed yet
    Watching,  // the watch is up, proofs are being made
    Stopped,
  };

  // What we hold, and of which lineage.
  struct Held {
    std::uint64_t cluster_id;
    Revision seen;          // every change of the key up to here is known
    Revision mod_revision;  // 0: no such key
    // Of the value, empty without one; none if it was too large to be received.
    std::optional<std::uint64_t> hash;
  };

  // A full or a proof read, and what was held when it began: a linearizable response may be newer
  // than that, but not older.
  struct Read {
    CallId call;
    BootTime started;
    Revision seen;
    Revision mod_revision;
  };

  // A proof that has seen more than the watch has brought yet.
  struct CatchUp {
    BootTime proof_started;
    Revision mod_revision;
    Revision revision;
    BootTime deadline;
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
  void end_calls();
  void check_timers();
  void check_watching();
  void explain(const Failure& failure);
  void update_status();
  std::size_t endpoint() const { return order_[turn_ % order_.size()]; }

  // Calls and their responses: watch_machine_calls.cc.
  CallId next_call() { return CallId{++last_call_}; }
  Read begin_read(bool keys_only, std::chrono::nanoseconds timeout);
  void start_read(Phase phase);
  void finish_read(ReadDone&& response);
  void finish_sizing(ReadDone&& response);
  ReadOutcome settle(const ReadDone& response, std::optional<std::uint64_t> hash);
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
  std::vector<std::size_t> order_;  // of the endpoints, shuffled
  std::size_t turn_ = 0;            // in order_, modulo its size

  Phase phase_ = Phase::Idle;
  BootTime now_{};
  BootTime deadline_{};                // of the phase; while Watching: when the next proof begins
  std::optional<Read> read_;           // Reading, Sizing
  std::optional<CallId> watch_;        // Opening, Watching
  std::optional<WatchEvent> newest_;   // of a response whose last fragment has not come yet
  std::optional<Read> proof_;          // Watching: the one under way
  std::optional<CatchUp> catch_up_;    // Watching
  int repairs_ = 0;                    // on this connection, since a watch has brought something
  std::optional<Revision> oversized_;  // what one sizing saw

  std::optional<Held> held_;
  std::optional<Header> doubt_;  // of a response that does not fit what we hold
  std::string reason_;           // why we are not synced
  std::vector<std::optional<Failure>> failures_;

  std::uint64_t last_call_ = 0;
  Actions actions_;
  MachineStatus status_;
};

}  // namespace osproxy::etcd
