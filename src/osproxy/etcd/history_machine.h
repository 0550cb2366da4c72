// Enters the changes of the document that no publisher has entered into the history, as a pure
// machine: events in, actions out.
//
//   HistoryMachine machine({.endpoints = {"10.0.0.1:2379"},
//                           .document_key = "osproxy/directives",
//                           .prefix = history_prefix("osproxy/directives")},
//                          Random::from_system());
//   perform(machine.resume(Start{}, clock.now()));
//   perform(machine.resume(to_machine<HistoryMachine::Event>(event), clock.now()));
//
// Problem: `etcdctl put` changes the document and writes no entry. All instances see it, and one of
// them has to enter it, exactly once, also if it happened while no instance ran.
//
// Failed attempt: an instance that starts watches from the newest entry on. A change by hand, then
// an instance that dies before it has entered it, then a publish with its entry: the next instance
// begins after the publish, and the change by hand is never entered.
//
// Idea: each entry names the revision of the document before it. So entries form a chain. An
// instance follows it from HistoryState::complete, up to which all changes are known to be entered,
// and watches from the first break on.
//
// Algorithm:
// - Read the state. If there is none, the history begins at this moment.
// - List the entries since `complete` and follow the chain. Then watch the document from there,
// and the entries.
// - A change whose entry the watch brings, too, is done. Another one waits for a random time. Then
// the state is read, and after it the entries once more: an entry that is in neither of them is
// missing.
// - The missing entry is created under a key made of the revision, if that does not exist, and if
// nobody has written the state since it was read. The first condition makes it exactly one entry.
// The second one keeps a late instance from entering a change again whose entry was trimmed.
// - After an entry, the oldest are removed (etcd/history_trim.h). After some changes, `complete` is
// raised, so that the next start has a short chain.
// - A response of the watch may be too large to be received: etcd's --max-request-bytes bounds it,
// and people may raise that. Then the machine walks back from the newest revision to the last known
// one, by reads without values. It enters the changes so found one by one, and reads the document
// of each just before. A document that is too large even then is entered without its content. A
// deletion ends the walk, since nothing tells the revisions before it: the next entry says that
// earlier changes are not known.
// - A state that is removed, or forged so that it cannot be true, is written anew from what the
// machine knows.
//
// Uses the wall clock of `now` for the time of an entry and for the ages, the boot clock for the
// rest.
// Not thread-safe, not copyable. Invariants: at most one connection is open, and on it at most two
// watches and one call that the machine waits for. Changes that wait are bounded by kMaxPending and
// kMaxPendingBytes; beyond, the watch begins anew once they are entered.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "osproxy/core/backoff.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/directive/decode.h"
#include "osproxy/etcd/failure.h"
#include "osproxy/etcd/history_key.h"
#include "osproxy/etcd/machine_events.h"
#include "osproxy/etcd/protocol.h"
#include "osproxy/etcd/transport.h"
#include "osproxy/store/history.h"

namespace osproxy::etcd {

struct HistoryMachineOptions {
  std::vector<std::string> endpoints;  ///< at least one; the names appear in the reasons
  std::string document_key{};
  std::string prefix{};  ///< of the entries' keys; ends with '/'
  HistoryBounds bounds{};
  DecodeLimits limits{};

  std::chrono::nanoseconds call_timeout = std::chrono::seconds{3};
  /// A change without an entry waits at least so long, for the watch of the entries to bring it.
  std::chrono::nanoseconds patience = std::chrono::milliseconds{100};
  /// And for a random part of this, so that of a large fleet a few instances try, not all.
  std::chrono::nanoseconds window = std::chrono::seconds{1};
  /// From one proof read of the document's revision to the next, less up to a fifth of jitter: it
  /// finds a watch that brings nothing any more.
  std::chrono::nanoseconds proof_interval = std::chrono::seconds{60};
  /// How long the watch may take for a change that the proof read has found.
  std::chrono::nanoseconds proof_grace = std::chrono::seconds{2};
  /// While etcd denies a permission: a person has to grant it first.
  std::chrono::nanoseconds refused_interval = std::chrono::minutes{5};
  /// Within this window an instance raises HistoryState::complete: one write of the fleet suffices.
  std::chrono::nanoseconds mark_window = std::chrono::seconds{10};
  /// After so many changes.
  int mark_after = 32;
  BackoffOptions backoff{};
};

// Actions, besides OpenConnection and CloseConnection.
struct ReadKey {
  CallId call;
  ReadRequest request;
};
struct ListKeys {
  CallId call;
  ListRequest request;
};
struct WatchKeys {
  CallId call;
  WatchRequest request;
};
struct WriteKeys {
  CallId call;
  WriteRequest request;
};

struct HistoryCounters {
  std::uint64_t entered = 0;  ///< changes that this instance has entered
  std::uint64_t trimmed = 0;  ///< entries that it has removed
  std::uint64_t failed = 0;   ///< calls
};

/// The most that the history's connection receives in one message. A change has the document before
/// and after it, and etcd recommends requests of at most 10 MiB. So the watch of such a cluster
/// brings all changes.
inline constexpr int kMaxHistoryMessage = 24 << 20;

/// Members: what it holds of the state, of each watch and of the changes that wait.
class HistoryMachine {
 public:
  using Event = std::variant<Start, TimePassed, Stop, ReadDone, ListDone, WriteDone, WatchResponse,
                             CallFailed>;
  using Action =
      std::variant<OpenConnection, CloseConnection, ReadKey, ListKeys, WatchKeys, WriteKeys>;
  using Actions = std::vector<Action>;

  static constexpr std::size_t kMaxPending = 64;
  /// A change has the document before and after it, at most 2 MiB in all.
  static constexpr std::size_t kMaxPendingBytes = std::size_t{8} << 20;
  /// Entries in one response, with their values.
  static constexpr std::int64_t kPage = 12;
  /// Changes that one walk finds, by their revisions alone; the next walk finds the rest.
  static constexpr std::size_t kMaxWalked = 1'000;
  /// Keys of one recheck, without their values. There are never so many: changes by hand wait for a
  /// second.
  static constexpr std::int64_t kMaxRechecked = 2'000;
  /// Revisions of entries that the machine remembers.
  static constexpr std::size_t kMaxKnown = 10'000;

  HistoryMachine(HistoryMachineOptions options, Random random);
  HistoryMachine(const HistoryMachine&) = delete;
  HistoryMachine& operator=(const HistoryMachine&) = delete;

  [[nodiscard]] Actions resume(Event event, Now now);

  /// nullopt before Start, and once is_over().
  std::optional<BootTime> wake_at() const;

  /// True once a Stop has been carried out.
  bool is_over() const { return phase_ == Phase::Stopped; }

  /// Why changes by hand are not entered; empty: they are.
  const std::string& reason() const noexcept { return reason_; }

  /// All changes up to it have been entered, as far as this instance knows.
  Revision complete() const noexcept { return complete_; }
  const HistoryCounters& counters() const noexcept { return counters_; }

 private:
  enum class Phase : std::uint8_t {
    Idle,        // before Start
    BackingOff,  // no connection; the next one is opened at deadline_
    ReadingState,
    Founding,        // the first state is being written
    Chaining,        // the entries since `complete` are being listed
    Ready,           // the watches are open; no call under way
    Proving,         // the document's revision is being read
    Rereading,       // the state, before an entry
    Rechecking,      // the entries since the first change that waits
    Fetching,        // the document of the first change that waits, after a walk
    FetchingBefore,  // and the one before it
    Entering,
    Walking,          // back through the revisions that the watch could not bring
    RereadingToTrim,  // the state, before the oldest entries are removed
    ListingOldest,    // by when they were created
    ListingByHand,    // by their revisions
    Trimming,
    RereadingToMark,  // the state, before `complete` is raised
    Marking,
    RereadingToRepair,  // the state, which somebody has removed or damaged
    Repairing,
    Stopped,
  };

  /// Where the document of a change is.
  enum class Content : std::uint8_t {
    Held,
    ToFetch,   // known by its revision alone
    TooLarge,  // to be received, or for any document
    Lost,      // compacted before it was read
  };

  struct Change {
    Revision revision;
    WallTime seen;
    bool is_late;  // made before the watch began
    Content content = Content::Held;
    std::optional<std::string> document{};  // nullopt: deleted, or not held
    Revision previous = 0;
    std::optional<std::string> before{};

    std::size_t bytes() const { return document.value_or("").size() + before.value_or("").size(); }
  };

  /// An entry, as far as the chain needs it.
  struct Link {
    Revision revision;
    Revision previous;
  };

  /// The way back through changes that the watch could not bring.
  struct Walk {
    Revision floor = 0;            // changes up to it are known
    Revision end = 0;              // the watch goes on after it
    Revision at = 0;               // of the next read; 0: now
    std::deque<Revision> found{};  // ascending
  };

  /// The pages of entries, while Chaining.
  struct Paging {
    Revision from = 0;
    std::int64_t limit = kPage;
    bool keys_only = false;  // one entry, whose value is too large to be received
  };

  struct Timers {
    BootTime deadline{};  // of the phase
    std::optional<BootTime> check_at{};
    std::optional<BootTime> mark_at{};
    std::optional<BootTime> repair_at{};
    BootTime prove_at{};
    std::optional<BootTime> behind_until{};
  };

  void handle(Start) { open_connection(); }
  void handle(TimePassed) {}
  void handle(Stop);
  void handle(ReadDone&& response);
  void handle(ListDone&& response);
  void handle(WriteDone&& response);
  void handle(WatchResponse&& response);
  void handle(CallFailed&& failed);

  void open_connection();
  void lose_connection(const Failure& failure);
  void back_off_refused(const Failure& failure);
  void close_connection();
  void take_state(const ReadDone& response);
  bool renew_state(const ReadDone& response);
  void take_reread(const ReadDone& response);
  void found(Revision now);
  HistoryState known_state() const;
  void write_state(Phase phase, const HistoryState& state);
  void begin_chain();
  void list_links();
  void take_links(const ListDone& page);
  void follow_chain();
  void begin_watches();
  void begin_watch_of_document();
  void begin_watch_of_entries();
  Change change_of(WatchEvent&& event) const;
  void take_changes(WatchResponse&& response);
  void take_entries(const WatchResponse& response);
  void watch_after_gap(Revision compacted, bool is_of_document);
  void remember(Revision revision);
  void finish_entered(Revision trimmed = 0);
  bool take_too_large(CallId call, FailureKind kind);
  bool take_too_large_list();
  void read_on_walk();
  void take_step(const ReadDone& response);
  void finish_walk(Revision previous, bool is_whole);
  bool begin_fetch(Phase phase);
  void take_fetched(std::optional<std::string> value, Content content);
  void take_proof(const ReadDone& response);
  void take_recheck(const ListDone& response);
  void enter_first();
  HistoryEntry entry_of(const Change& change) const;
  void take_entered(const WriteDone& response);
  void list_oldest(bool keys_only);
  void take_oldest(ListDone&& response);
  void trim(const ListDone& by_hand);
  void mark();
  void check_timers();
  void start_due_call();
  void read_state(Phase phase);
  CallId begin_call(Phase phase);
  CallId next_id() { return CallId{++last_call_}; }
  bool is_awaited(CallId call) const { return call != CallId{} && call == awaited_; }
  const std::string& endpoint() const {
    return options_.endpoints[turn_ % options_.endpoints.size()];
  }

  const HistoryMachineOptions options_;
  const std::string state_key_;
  Random random_;
  Backoff backoff_;
  std::size_t turn_ = 0;  // of the endpoints

  Phase phase_ = Phase::Idle;
  Now now_{};
  Timers timers_;
  CallId awaited_{};
  std::uint64_t last_call_ = 0;

  HistoryState state_;
  Revision state_revision_ = 0;
  bool has_set_bounds_ = false;
  Revision complete_ = 0;
  int unmarked_ = 0;                   // changes between the state's `complete` and this one
  std::optional<Revision> gap_after_;  // `complete` before changes that were compacted away

  std::vector<Link> links_;  // while Chaining
  Paging paging_;
  Revision watching_since_ = 0;  // changes up to it are older than the watch
  CallId document_watch_{};
  CallId entry_watch_{};
  Revision newest_ = 0;  // change that the watch has brought
  Revision proven_ = 0;  // revision of the document that a proof read has found
  std::deque<Change> pending_;
  std::size_t pending_bytes_ = 0;
  bool has_overflowed_ = false;
  std::optional<Walk> walk_;  // due, or under way
  std::set<Revision> known_;  // of entries; above complete_
  Revision entering_ = 0;     // whose entry is being created
  Revision checked_ = 0;      // the entries up to this revision are in known_
  bool must_trim_ = false;
  ListDone oldest_;           // while ListingByHand
  std::size_t trimming_ = 0;  // entries that are being removed

  std::string reason_;
  Actions actions_;
  HistoryCounters counters_;
};

}  // namespace osproxy::etcd
