// An instance's ack in etcd, as a pure machine: events in, actions out.
//
//   AckMachine machine({.endpoints = {"10.0.0.1:2379"}, .started = now.wall},
//                      Random::from_system());
//   perform(machine.resume(Start{}, clock.now()));
//   perform(machine.resume(AckReport{{.revision = 4812, .state = "synced"}}, clock.now()));
//   while (!machine.is_over()) {
//     auto event = transport.next(*machine.wake_at() - clock.boot());
//     perform(machine.resume(event ? to_machine<AckMachine::Event>(*std::move(event))
//                                  : TimePassed{},
//                            clock.now()));
//   }
//
// The machine reads its key. If the key is free or its own, it writes the instance's ack there,
// under a lease that it keeps alive. It writes again when the facts have changed, at a random
// moment of a window that grows with the fleet, and when the lease or the key is lost: after each
// keepalive it compares the key's revision with that of its last write. It never overwrites the ack
// of another run. A Stop revokes the lease, which deletes the key, unless somebody else has written
// it since: etcd then binds it to their lease, or to none.
// docs/design/acks.md has the reasons and the table of phases.
//
// Uses only the boot clock of `now`.
// Not thread-safe, not copyable. Invariants: at most one connection is open, and on it at most one
// call that the machine waits for. Each write is conditional on the key's revision as the machine
// last saw it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "osproxy/core/backoff.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/etcd/ack_counters.h"
#include "osproxy/etcd/ack_key.h"
#include "osproxy/etcd/failure.h"
#include "osproxy/etcd/machine_events.h"
#include "osproxy/etcd/protocol.h"
#include "osproxy/store/fleet.h"

namespace osproxy::etcd {

struct AckMachineOptions {
  std::vector<std::string> endpoints;  ///< at least one; the names appear in the reasons
  std::string instance{};
  WallTime started{};  ///< of the process: with `instance`, tells its key from another run's

  /// How long the key outlives the process. The machine keeps the lease alive every third of it,
  /// so that one lost keepalive does no harm.
  std::chrono::seconds ttl{15};
  std::chrono::nanoseconds call_timeout = std::chrono::seconds{3};
  std::chrono::nanoseconds revoke_timeout = std::chrono::seconds{1};
  /// From one read of the key and the fleet's size to the next, less up to a fifth of jitter.
  std::chrono::nanoseconds check_interval = std::chrono::seconds{60};
  /// The same while etcd denies the permission to write: a person has to grant it first.
  std::chrono::nanoseconds refused_interval = std::chrono::minutes{5};
  /// The window over which a fleet spreads its writes: 500 writes a second, whatever its size, are
  /// a small part of the load that an etcd on an ordinary disk can take.
  std::chrono::nanoseconds window_per_member = std::chrono::milliseconds{2};
  std::chrono::nanoseconds window_max = std::chrono::seconds{10};
  /// Between two writes of one instance: it acks a burst of publishes once.
  std::chrono::nanoseconds write_interval = std::chrono::milliseconds{100};
  BackoffOptions backoff{};
};

/// An event: the facts to ack have changed.
struct AckReport {
  AckFacts facts;
};

// Actions, besides OpenConnection and CloseConnection.
struct ReadAck {
  CallId call;
  bool keys_only = false;  ///< without the ack itself: only its revision is wanted
  std::chrono::nanoseconds timeout;
};
struct CountFleet {
  CallId call;
  std::chrono::nanoseconds timeout;
};
struct GrantLease {
  CallId call;
  std::chrono::seconds ttl;
  std::chrono::nanoseconds timeout;
};
struct WriteAck {
  CallId call;
  AckFacts facts;
  Revision expected;  ///< of the key; 0: it must not exist
  LeaseId lease;
  std::chrono::nanoseconds timeout;
};
struct KeepLeaseAlive {
  CallId call;
  LeaseId lease;
  std::chrono::nanoseconds timeout;
};
struct RevokeLease {
  CallId call;
  LeaseId lease;
  std::chrono::nanoseconds timeout;
};

class AckMachine {
 public:
  using Event = std::variant<Start, TimePassed, Stop, AckReport, ReadDone, ListDone, GrantDone,
                             KeptAlive, WriteDone, Revoked, CallFailed>;
  using Action = std::variant<OpenConnection, CloseConnection, ReadAck, CountFleet, GrantLease,
                              WriteAck, KeepLeaseAlive, RevokeLease>;
  using Actions = std::vector<Action>;

  AckMachine(AckMachineOptions options, Random random);
  AckMachine(const AckMachine&) = delete;
  AckMachine& operator=(const AckMachine&) = delete;

  [[nodiscard]] Actions resume(Event event, Now now);

  /// nullopt before Start, and once is_over().
  std::optional<BootTime> wake_at() const;

  /// True while a call is under way: only then the transport has an event to wait for.
  bool awaits_response() const;

  /// True once a Stop has been carried out.
  bool is_over() const { return phase_ == Phase::Stopped; }

  AckStatus status() const;
  const AckCounters& counters() const noexcept { return counters_; }

 private:
  enum class Phase : std::uint8_t {
    Idle,        // before Start
    BackingOff,  // no connection; the next one is opened at deadline_
    Ready,       // a connection; no call under way
    Reading,     // the key is being read
    Counting,    // the keys of the fleet are being counted
    Granting,    // a lease is being granted
    Writing,
    KeepingAlive,  // the lease is being kept alive
    Comparing,     // the key's revision is being read
    Revoking,      // after Stop
    Stopped,
  };

  struct Call {
    CallId awaited{};        // CallId{}: none
    std::uint64_t last = 0;  // id that was given out
    BootTime started{};
  };

  struct Lease {
    LeaseId id;
    std::chrono::nanoseconds ttl;
    BootTime keep_alive_at;
  };

  struct Schedule {
    BootTime poll_at{};  // when to read the key and count the fleet
    std::optional<BootTime> write_at{};
    std::optional<BootTime> last_write{};
  };

  struct Facts {
    std::optional<AckFacts> wanted{};  // nullopt: no report yet
    AckFacts writing{};                // while Writing
  };

  struct Troubles {
    std::optional<std::string> refused{};  // etcd denied a permission, and no write has succeeded
    std::string reason{};                  // why the last call failed; empty once one succeeds
  };

  void handle(Start) { open_connection(); }
  void handle(TimePassed) {}
  void handle(Stop);
  void handle(AckReport&& report);
  void handle(ReadDone&& response);
  void handle(ListDone&& response);
  void handle(GrantDone&& response);
  void handle(KeptAlive&& response);
  void handle(WriteDone&& response);
  void handle(Revoked&& response);
  void handle(CallFailed&& failed);

  void open_connection();
  void lose_connection(Failure failure);
  void back_off_refused(Failure failure);
  void close_connection();
  void mark_healthy();
  void finish();
  void check_timers();
  void start_due_call();
  CallId begin_call(Phase phase);
  bool is_awaited(CallId call, Phase phase) const {
    return phase_ == phase && call == call_.awaited;
  }
  void poll();
  void write();
  void keep_alive();
  void compare_revision();
  void take_key(const AckKey::Content& content);
  void wait_for_owner();
  bool is_name_taken() const;
  void schedule_write();
  void schedule_keep_alive();
  void lose_lease();
  const std::string& endpoint() const {
    return options_.endpoints[turn_ % options_.endpoints.size()];
  }

  const AckMachineOptions options_;
  Random random_;
  Backoff backoff_;
  std::size_t turn_ = 0;  // of the endpoints

  Phase phase_ = Phase::Idle;
  BootTime now_{};
  BootTime deadline_{};  // of the phase; Ready has none
  Call call_;
  Schedule schedule_;

  std::optional<Lease> lease_;
  AckKey key_;
  Facts facts_;
  Troubles troubles_;

  Actions actions_;
  AckCounters counters_;
};

}  // namespace osproxy::etcd
