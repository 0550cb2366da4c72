// A dialog with the ack machine, step by step: events in, expected actions out, in order.
//
//   AckScript script;
//   script.start().opens().reads();
//   script.finds_nothing().counts();
//
// Every action must be claimed by an expectation before the next event goes in.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/etcd/ack_machine.h"

namespace osproxy::etcd {

class AckScript {
 public:
  using Where = std::source_location;

  static constexpr char kName[] = "proxy-1";
  static constexpr LeaseId kTheirLease = 5;
  static constexpr WallTime kStarted{std::chrono::hours{24}};

  explicit AckScript(std::vector<std::string> endpoints = {"one"}, std::uint64_t seed = 1)
      : machine_({.endpoints = std::move(endpoints), .instance = kName, .started = kStarted},
                 Random(seed)) {}

  /// The ack that a run of `started` writes.
  static std::string ack_of(WallTime started, std::string name = kName) {
    return encode_ack({.instance = std::move(name),
                       .state = "synced",
                       .version = "1",
                       .started = started,
                       .written = started});
  }
  static AckFacts facts(Revision revision, std::string state = "synced") {
    return {.revision = revision, .rejected = std::nullopt, .state = std::move(state)};
  }

  // Events.

  AckScript& start(Where where = Where::current()) { return feed(Start{}, where); }
  AckScript& stop(Where where = Where::current()) { return feed(Stop{}, where); }
  AckScript& pass(std::chrono::nanoseconds time, Where where = Where::current()) {
    now_ += time;
    return feed(TimePassed{}, where);
  }
  /// Time passes until wake_at().
  AckScript& wake(Where where = Where::current()) {
    const auto at = machine_.wake_at();
    check(at.has_value(), true, "has a wake_at", where);
    now_ = std::max(now_, at.value_or(now_));
    return feed(TimePassed{}, where);
  }
  AckScript& reports(AckFacts facts, Where where = Where::current()) {
    return feed(AckReport{std::move(facts)}, where);
  }
  AckScript& finds_nothing(Where where = Where::current()) { return finds(0, "", where); }
  AckScript& finds(Revision revision, std::string value, Where where = Where::current()) {
    return feed(ReadDone{.call = call_,
                         .mod_revision = revision,
                         .value = std::move(value),
                         .lease = kTheirLease},
                where);
  }
  AckScript& finds_revision(Revision revision, Where where = Where::current()) {
    return finds(revision, "", where);
  }
  AckScript& finds_without_lease(Revision revision, std::string value,
                                 Where where = Where::current()) {
    return feed(ReadDone{.call = call_, .mod_revision = revision, .value = std::move(value)},
                where);
  }
  AckScript& counted(std::int64_t members, Where where = Where::current()) {
    return feed(ListDone{.call = call_, .count = members}, where);
  }
  AckScript& granted(LeaseId lease, Where where = Where::current()) {
    return feed(GrantDone{.call = call_, .lease = lease, .ttl = std::chrono::seconds{15}}, where);
  }
  AckScript& kept(std::chrono::seconds ttl, Where where = Where::current()) {
    return feed(KeptAlive{.call = call_, .ttl = ttl}, where);
  }
  AckScript& written(Revision revision, Where where = Where::current()) {
    return feed(WriteDone{.call = call_, .succeeded = true, .mod_revision = revision}, where);
  }
  AckScript& not_written(Revision there, std::string value, Where where = Where::current()) {
    return feed(
        WriteDone{
            .call = call_, .mod_revision = there, .value = std::move(value), .lease = kTheirLease},
        where);
  }
  AckScript& revoked(Where where = Where::current()) { return feed(Revoked{call_}, where); }
  AckScript& fails(FailureKind kind, Where where = Where::current()) {
    return feed(CallFailed{call_, {kind, "text"}}, where);
  }

  AckScript& feed(AckMachine::Event event, Where where = Where::current()) {
    nothing_more(where);
    for (AckMachine::Action& action :
         machine_.resume(std::move(event), {.wall = WallTime{}, .boot = now_})) {
      actions_.push_back(std::move(action));
    }
    return *this;
  }

  // Expected actions, in this order.

  AckScript& opens(Where where = Where::current()) {
    if (const auto open = take<OpenConnection>("OpenConnection", where)) endpoint_ = open->endpoint;
    return *this;
  }
  AckScript& closes(Where where = Where::current()) {
    take<CloseConnection>("CloseConnection", where);
    return *this;
  }
  AckScript& reads(Where where = Where::current()) { return begins<ReadAck>("ReadAck", where); }
  AckScript& compares(Where where = Where::current()) {
    const auto read = begin<ReadAck>("ReadAck", where);
    if (read) check(read->keys_only, true, "keys only", where);
    return *this;
  }
  AckScript& counts(Where where = Where::current()) {
    return begins<CountFleet>("CountFleet", where);
  }
  AckScript& grants(Where where = Where::current()) {
    return begins<GrantLease>("GrantLease", where);
  }
  AckScript& writes(AckFacts facts, Revision expected, LeaseId lease,
                    Where where = Where::current()) {
    if (const auto write = begin<WriteAck>("WriteAck", where)) {
      check(write->facts == facts, true, "facts", where);
      check(write->expected, expected, "expected revision", where);
      check(write->lease, lease, "lease", where);
    }
    return *this;
  }
  AckScript& keeps_alive(LeaseId lease, Where where = Where::current()) {
    if (const auto keep = begin<KeepLeaseAlive>("KeepLeaseAlive", where)) {
      check(keep->lease, lease, "lease", where);
    }
    return *this;
  }
  AckScript& revokes(LeaseId lease, Where where = Where::current()) {
    if (const auto revoke = begin<RevokeLease>("RevokeLease", where)) {
      check(revoke->lease, lease, "lease", where);
    }
    return *this;
  }
  template <class A>
  bool next_is() const {
    return !actions_.empty() && std::holds_alternative<A>(actions_.front());
  }
  AckScript& nothing_more(Where where = Where::current()) {
    check(actions_.size(), std::size_t{0}, "unexpected actions", where);
    actions_.clear();
    return *this;
  }

  AckScript& is(AckState state, Where where = Where::current()) {
    check(to_string(machine_.status().state), to_string(state), "state", where);
    return *this;
  }

  /// From the start to a written ack of `revision`, at revision 100 of the key, under lease 7.
  AckScript& settle(Revision revision = 5, Where where = Where::current()) {
    reports(facts(revision), where);
    start(where).opens(where).reads(where);
    finds_nothing(where).counts(where);
    counted(0, where).wake(where).grants(where);
    granted(7, where).writes(facts(revision), 0, 7, where);
    return written(100, where).is(AckState::Written, where);
  }

  const AckMachine& machine() const { return machine_; }
  /// For a test that drives the machine itself: accepts all actions so far.
  AckMachine& claimed() {
    actions_.clear();
    return machine_;
  }
  std::string reason() const { return machine_.status().reason; }
  BootTime now() const { return now_; }
  std::size_t endpoint() const { return endpoint_; }

 private:
  template <class A>
  std::optional<A> take(const char* name, Where where) {
    if (actions_.empty() || !std::holds_alternative<A>(actions_.front())) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
          << "expected " << name << ", got "
          << (actions_.empty() ? "nothing" : "kind " + std::to_string(actions_.front().index()));
      return std::nullopt;
    }
    A action = std::get<A>(std::move(actions_.front()));
    actions_.pop_front();
    return action;
  }

  template <class A>
  std::optional<A> begin(const char* name, Where where) {
    auto action = take<A>(name, where);
    if (action) call_ = action->call;
    return action;
  }

  template <class A>
  AckScript& begins(const char* name, Where where) {
    begin<A>(name, where);
    return *this;
  }

  template <class T>
  static void check(const T& got, const T& expected, const char* what, Where where) {
    const ::testing::ScopedTrace trace(where.file_name(), static_cast<int>(where.line()), what);
    EXPECT_EQ(got, expected);
  }

  AckMachine machine_;
  BootTime now_{std::chrono::hours{1}};
  std::deque<AckMachine::Action> actions_;  // not yet claimed
  CallId call_{};
  std::size_t endpoint_ = 0;
};

}  // namespace osproxy::etcd
