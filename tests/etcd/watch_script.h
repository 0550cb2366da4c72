// A dialog with the watch machine, step by step: events in, expected actions out, in order.
//
//   WatchScript script({"one"});
//   script.start().opens(0).reads();
//   script.read_returns({.revision = 10, .mod_revision = 7, .value = "x"});
//   script.applies(7, "x").watches_from(11).is(StoreState::Connecting);
//
// Every action must be claimed by an expectation before the next event goes in: an action too many
// fails the test as surely as one that is missing.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/etcd/watch_machine.h"

namespace osproxy::etcd {

class WatchScript {
 public:
  using Where = std::source_location;

  struct ReadResult {
    Revision revision = 0;
    Revision mod_revision = 0;
    std::string value{};
    std::uint64_t cluster_id = 1;
  };

  explicit WatchScript(std::vector<std::string> endpoints, std::uint64_t seed = 1)
      : machine_({.endpoints = std::move(endpoints)}, Random(seed)) {}

  // Events.

  WatchScript& start(Where where = Where::current()) { return feed(Start{}, where); }
  WatchScript& stop(Where where = Where::current()) { return feed(Stop{}, where); }

  WatchScript& pass(std::chrono::nanoseconds time, Where where = Where::current()) {
    now_ += time;
    return feed(TimePassed{}, where);
  }

  /// Time passes until wake_at().
  WatchScript& wake(Where where = Where::current()) {
    const auto at = machine_.wake_at();
    if (!at) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line())) << "nothing to wake for";
      return *this;
    }
    now_ = std::max(now_, *at);
    return feed(TimePassed{}, where);
  }

  WatchScript& read_returns(ReadResult response, Where where = Where::current()) {
    return returns(read_, std::move(response), where);
  }
  WatchScript& proof_returns(ReadResult response, Where where = Where::current()) {
    return returns(proof_, std::move(response), where);
  }
  WatchScript& read_fails(FailureKind kind, Where where = Where::current()) {
    return feed(CallFailed{read_, {kind, "text"}}, where);
  }
  WatchScript& proof_fails(FailureKind kind, Where where = Where::current()) {
    return feed(CallFailed{proof_, {kind, "text"}}, where);
  }
  WatchScript& watch_fails(FailureKind kind, Where where = Where::current()) {
    return feed(CallFailed{watch_, {kind, "text"}}, where);
  }

  WatchScript& watch_is_created(Where where = Where::current()) {
    return watch_says({.created = true}, where);
  }
  /// `call` and, unless it is given, `header` are filled in.
  WatchScript& watch_says(WatchResponse response, Where where = Where::current()) {
    response.call = watch_;
    if (response.header.cluster_id == 0) response.header.cluster_id = 1;
    return feed(std::move(response), where);
  }
  WatchScript& puts(Revision revision, std::string value, Where where = Where::current()) {
    return watch_says({.events = {{.mod_revision = revision, .value = std::move(value)}}}, where);
  }
  WatchScript& deletes(Revision revision, Where where = Where::current()) {
    return watch_says({.events = {{.deleted = true, .mod_revision = revision}}}, where);
  }

  WatchScript& feed(WatchMachine::Event event, Where where = Where::current()) {
    nothing_more(where);
    for (WatchMachine::Action& action :
         machine_.resume(std::move(event), {.wall = WallTime{}, .boot = now_})) {
      actions_.push_back(std::move(action));
    }
    return *this;
  }

  // Expected actions, in this order.

  WatchScript& opens(Where where = Where::current()) {
    const auto open = take<OpenConnection>("OpenConnection", where);
    if (open) endpoint_ = open->endpoint;
    return *this;
  }
  WatchScript& closes(Where where = Where::current()) {
    take<CloseConnection>("CloseConnection", where);
    return *this;
  }
  WatchScript& reads(Where where = Where::current()) { return begins_read(read_, false, where); }
  WatchScript& reads_revision(Where where = Where::current()) {
    return begins_read(read_, true, where);
  }
  WatchScript& proves(Where where = Where::current()) { return begins_read(proof_, true, where); }
  WatchScript& watches_from(Revision revision, Where where = Where::current()) {
    if (const auto watch = take<StartWatch>("StartWatch", where)) {
      watch_ = watch->call;
      check(watch->start_revision, revision, "start_revision", where);
    }
    return *this;
  }
  WatchScript& cancels_watch(Where where = Where::current()) { return cancels(watch_, where); }
  WatchScript& cancels_proof(Where where = Where::current()) { return cancels(proof_, where); }
  WatchScript& applies(Revision revision, const std::string& value,
                       Where where = Where::current()) {
    if (const auto apply = take<Apply>("Apply", where)) {
      check(apply->revision, revision, "revision", where);
      check(apply->value, std::optional(value), "value", where);
    }
    return *this;
  }
  WatchScript& applies_nothing(Where where = Where::current()) {
    if (const auto apply = take<Apply>("Apply", where)) {
      check(apply->revision, Revision{0}, "revision", where);
      check(apply->value.has_value(), false, "value", where);
    }
    return *this;
  }
  WatchScript& refuses(Revision revision, Where where = Where::current()) {
    if (const auto refuse = take<RefuseOversized>("RefuseOversized", where)) {
      check(refuse->revision, revision, "revision", where);
    }
    return *this;
  }
  WatchScript& nothing_more(Where where = Where::current()) {
    if (!actions_.empty()) {
      ADD_FAILURE_AT(where.file_name(), static_cast<int>(where.line()))
          << actions_.size() << " more actions, the first of kind " << actions_.front().index();
      actions_.clear();
    }
    return *this;
  }

  // Expected state.

  WatchScript& is(StoreState state, Where where = Where::current()) {
    check(to_string(machine_.status().state), to_string(state), "state", where);
    return *this;
  }
  /// The verified age, in whole milliseconds.
  WatchScript& is_verified(std::chrono::milliseconds ago, Where where = Where::current()) {
    check(age().count(), ago.count(), "age", where);
    return *this;
  }

  const WatchStatus& status() const { return machine_.status(); }
  const WatchMachine& machine() const { return machine_; }
  BootTime now() const { return now_; }
  std::size_t endpoint() const { return endpoint_; }
  std::chrono::milliseconds age() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(now_ -
                                                                 *machine_.status().verified_at);
  }

  /// From the start to a watch that is up, on the value "x" of revision 7, read at revision 10.
  WatchScript& sync(Where where = Where::current()) {
    start(where).opens(where).reads(where);
    read_returns({.revision = 10, .mod_revision = 7, .value = "x"}, where);
    applies(7, "x", where).watches_from(11, where);
    return watch_is_created(where).is(StoreState::Synced, where);
  }

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

  template <class T>
  static void check(const T& got, const T& expected, const char* what, Where where) {
    const ::testing::ScopedTrace trace(where.file_name(), static_cast<int>(where.line()), what);
    EXPECT_EQ(got, expected);
  }

  WatchScript& begins_read(CallId& call, bool keys_only, Where where) {
    if (const auto read = take<StartRead>("StartRead", where)) {
      call = read->call;
      check(read->keys_only, keys_only, "keys_only", where);
    }
    return *this;
  }

  WatchScript& cancels(CallId call, Where where) {
    if (const auto cancel = take<CancelCall>("CancelCall", where)) {
      check(cancel->call == call, true, "which call", where);
    }
    return *this;
  }

  WatchScript& returns(CallId call, ReadResult response, Where where) {
    return feed(
        ReadDone{.call = call,
                 .header = {.cluster_id = response.cluster_id, .revision = response.revision},
                 .mod_revision = response.mod_revision,
                 .value = std::move(response.value)},
        where);
  }

  WatchMachine machine_;
  BootTime now_{std::chrono::hours{1}};
  std::deque<WatchMachine::Action> actions_;  // not yet claimed
  CallId read_{};
  CallId proof_{};
  CallId watch_{};
  std::size_t endpoint_ = 0;
};

}  // namespace osproxy::etcd
