// An instance's own key in etcd, as a pure machine: events in, actions out.
//
//   AckMachine machine({.endpoints = {"10.0.0.1:2379"}, .started = now.wall},
//   Random::from_system()); perform(machine.resume(Start{}, clock.boot()));
//   perform(machine.resume(AckReport{{.revision = 4812, .state = "synced"}}, clock.boot()));
//   while (!machine.is_over()) {
//     auto event = transport.next(until(machine.wake_at()));
//     perform(machine.resume(event ? … : TimePassed{}, clock.boot()));
//   }
//
// It looks at the key, and if that is free or its own, writes what the instance has to say, under a
// lease that it keeps alive; again whenever that has changed, at a random moment of a window that
// grows with the fleet; and anew when the lease or the key is lost. It never writes over what
// another run has written there, and a Stop revokes the lease. docs/design/acks.md argues it.
//
// Not thread-safe, not copyable. Invariants: at most one connection is open, and on it at most one
// call that is waited for; a write is always conditional on the key being as it was last seen.
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
#include "osproxy/etcd/failure.h"
#include "osproxy/etcd/protocol.h"
#include "osproxy/etcd/watch_machine.h"
#include "osproxy/store/ack.h"
#include "osproxy/store/fleet.h"

namespace osproxy::etcd {

struct AckMachineOptions {
  std::vector<std::string> endpoints;  ///< at least one; the names are for the reasons given
  std::string instance{};
  WallTime started{};  ///< with `instance`, what tells our key from another run's

  /// How long the key outlives the process; kept alive every third of it, so that one lost
  /// keepalive does no harm.
  std::chrono::seconds ttl{15};
  std::chrono::nanoseconds call_timeout = std::chrono::seconds{3};
  std::chrono::nanoseconds revoke_timeout = std::chrono::seconds{1};
  /// From one look at the key and the fleet's size to the next, less up to a fifth of jitter.
  std::chrono::nanoseconds check_interval = std::chrono::seconds{60};
  /// The same, while etcd does not let us write: somebody has to grant something first.
  std::chrono::nanoseconds refused_interval = std::chrono::minutes{5};
  /// The window over which a fleet spreads its writes: 500 writes a second, whatever its size, are
  /// a small part of what an etcd on an ordinary disk takes.
  std::chrono::nanoseconds window_per_member = std::chrono::milliseconds{2};
  std::chrono::nanoseconds window_max = std::chrono::seconds{10};
  /// Between two writes of one instance: a burst of publishes is acked once.
  std::chrono::nanoseconds write_interval = std::chrono::milliseconds{100};
  BackoffOptions backoff{};
};

/// What a write is made for; what else an ack holds only goes along.
struct AckFacts {
  Revision revision = 0;
  std::optional<InstanceAck::Rejected> rejected{};
  std::string state{};
  std::vector<InstanceAck::Tripped> tripped{};
  std::int64_t tripped_count = 0;

  friend bool operator==(const AckFacts&, const AckFacts&) = default;
};

// Events: Start, TimePassed and Stop of the watch machine, the transport's, and what is to be said.
struct AckReport {
  AckFacts facts;
};

using AckEvent = std::variant<Start, TimePassed, Stop, AckReport, ReadDone, ListDone, GrantDone,
                              KeptAlive, WriteDone, Revoked, CallFailed>;

// Actions, to be performed in their order; OpenConnection and CloseConnection as well.
struct ReadAck {
  CallId call;
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
struct KeepLease {
  CallId call;
  LeaseId lease;
  std::chrono::nanoseconds timeout;
};
struct RevokeLease {
  CallId call;
  LeaseId lease;
  std::chrono::nanoseconds timeout;
};

using AckAction = std::variant<OpenConnection, CloseConnection, ReadAck, CountFleet, GrantLease,
                               WriteAck, KeepLease, RevokeLease>;
using AckActions = std::vector<AckAction>;

class AckMachine {
 public:
  AckMachine(AckMachineOptions options, Random random);
  AckMachine(const AckMachine&) = delete;
  AckMachine& operator=(const AckMachine&) = delete;

  /// Takes one event. `now` never goes back.
  [[nodiscard]] AckActions resume(AckEvent event, BootTime now);

  /// When to resume with TimePassed, if nothing happens before; nullopt before Start and at the
  /// end.
  std::optional<BootTime> wake_at() const;

  /// True while a call is under way: the transport has something to be waited for.
  bool awaits_response() const;

  /// True once a Stop has been carried out.
  bool is_over() const { return phase_ == Phase::Stopped; }

  AckStatus status() const;
  const AckCounters& counters() const noexcept { return counters_; }

 private:
  enum class Phase : std::uint8_t {
    Idle,      // before Start
    Waiting,   // no connection; the next attempt is at deadline_
    Resting,   // a connection; nothing under way
    Looking,   // our key is being read
    Counting,  // the fleet is being counted
    Granting,
    Writing,
    Keeping,   // the lease is being kept alive
    Revoking,  // after Stop
    Stopped,
  };

  struct Lease {
    LeaseId id;
    std::chrono::nanoseconds ttl;
  };

  // Somebody else's value in our place.
  struct Held {
    BootTime since;
    std::string by;
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
  void be_refused(Failure failure);
  void drop_connection();
  void mark_healthy();
  void finish();
  void check_timers();
  void do_what_is_due();
  CallId begin(Phase phase);
  bool is_awaited(CallId call, Phase phase) const { return phase_ == phase && call == call_; }
  void poll();
  void write();
  void keep();
  void take_key(Revision mod_revision, std::string_view value);
  void wait_for_owner(std::string by);
  bool is_name_taken() const;
  void schedule_write();
  void schedule_keep();
  void lose_lease();
  void forget_key();
  std::chrono::nanoseconds jittered(std::chrono::nanoseconds interval);
  std::chrono::nanoseconds random_below(std::chrono::nanoseconds bound);
  const std::string& endpoint() const {
    return options_.endpoints[turn_ % options_.endpoints.size()];
  }

  const AckMachineOptions options_;
  Random random_;
  Backoff backoff_;
  std::size_t turn_ = 0;  // of the endpoints

  Phase phase_ = Phase::Idle;
  BootTime now_{};
  BootTime started_{};   // of the call under way
  BootTime deadline_{};  // of the phase, but for Resting
  CallId call_{};        // the one that is waited for, or was; none: CallId{}
  BootTime poll_at_{};
  BootTime keep_at_{};  // with a lease
  std::optional<BootTime> write_at_;
  std::optional<BootTime> written_at_;

  std::optional<Lease> lease_;
  Revision own_ = 0;                // of our key as we have written it; 0: it is not there
  std::optional<AckFacts> wanted_;  // what there is to say
  std::optional<AckFacts> written_;
  AckFacts writing_;  // Writing
  std::optional<Held> held_;
  std::optional<std::string> refused_;  // by etcd, until a write succeeds
  std::string reason_;                  // why the last call failed, until one succeeds

  std::uint64_t last_call_ = 0;
  AckActions actions_;
  AckCounters counters_;
};

}  // namespace osproxy::etcd
