#include "sim/schedule.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "osproxy/etcd/random_time.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

StepKind random_change(Random& random) {
  switch (random.below(12)) {
    case 10:
      return random.below(4) == 0 ? StepKind::Compact : StepKind::ChangeOtherKey;
    case 0:
      return StepKind::Remove;
    case 1:
    case 2:
      return StepKind::ChangeOtherKey;
    case 3:
      return random.below(3) == 0 ? StepKind::PutHuge : StepKind::Put;
    default:
      return StepKind::Put;
  }
}

StepKind random_fault(Random& random) {
  constexpr std::array kFaults = {
      StepKind::StopMember,    StepKind::FreezeMember, StepKind::DeafenMember,
      StepKind::DeafenMember,  StepKind::DelayMember,  StepKind::Compact,
      StepKind::CancelWatch,   StepKind::ExpireToken,  StepKind::BreakConnection,
      StepKind::IsolateMember,
  };
  constexpr std::array kInstanceFaults = {
      StepKind::SuspendInstance, StepKind::RestartInstance, StepKind::KillInstance,
      StepKind::LoseState,       StepKind::Reboot,          StepKind::SetClockForward,
      StepKind::SetClockBack,    StepKind::WriteAnchors,    StepKind::EndLeases,
  };
  if (random.below(30) == 0) return random.below(2) == 0 ? StepKind::Restore : StepKind::Replace;
  if (random.below(6) == 0) return kInstanceFaults[random.below(kInstanceFaults.size())];
  return kFaults[random.below(kFaults.size())];
}

bool is_lasting_at_member(StepKind kind) {
  return kind == StepKind::StopMember || kind == StepKind::FreezeMember ||
         kind == StepKind::DeafenMember || kind == StepKind::DelayMember ||
         kind == StepKind::IsolateMember;
}

bool sets_clock(StepKind kind) {
  return kind == StepKind::SetClockForward || kind == StepKind::SetClockBack;
}

bool restarts(StepKind kind) {
  return kind == StepKind::RestartInstance || kind == StepKind::KillInstance ||
         kind == StepKind::LoseState || kind == StepKind::Reboot;
}

bool is_lasting(StepKind kind) {
  return is_lasting_at_member(kind) || kind == StepKind::SuspendInstance || restarts(kind);
}

bool is_of_member(StepKind kind) {
  return is_lasting_at_member(kind) || kind == StepKind::BreakConnection;
}

/// Without these, each watch that is up brings every change at once.
bool disturbs_watches(StepKind kind) {
  return kind == StepKind::FreezeMember || kind == StepKind::DeafenMember ||
         kind == StepKind::DelayMember || kind == StepKind::IsolateMember ||
         kind == StepKind::SuspendInstance;
}

/// Ends connections, or watches.
bool ends_connections(StepKind kind) {
  return is_lasting_at_member(kind) || kind == StepKind::BreakConnection ||
         kind == StepKind::CancelWatch || kind == StepKind::Compact || kind == StepKind::PutHuge ||
         kind == StepKind::Restore || kind == StepKind::Replace ||
         kind == StepKind::SuspendInstance || restarts(kind);
}

/// How long a fault lasts, or by how much a clock is set: so little that it has an effect in time.
nanoseconds random_length(Random& random, StepKind kind) {
  if (sets_clock(kind)) return random_below(random, random.below(2) == 0 ? 20s : 3600s);
  if (restarts(kind)) return random_below(random, 20s);
  return is_lasting(kind) ? random_below(random, 40s) : nanoseconds{0};
}

double seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

Schedule make_schedule(std::uint64_t seed) {
  Random random(seed);
  Schedule schedule{
      .seed = seed, .members = 1 + random.below(3), .steady_network = random.below(4) == 0};
  const auto one_in = [&random](std::uint64_t many) { return random.below(many) == 0; };
  schedule.with_user = one_in(2);
  schedule.old_etcd = one_in(4);
  schedule.may_write = !one_in(8);
  schedule.with_directives = one_in(2);
  schedule.with_acks = one_in(2);
  schedule.with_state = one_in(2);
  schedule.from_last_good = schedule.with_state && one_in(2);
  // The key changes rarely in some schedules and often in others: a fault must happen both in a
  // long silence and at the moment of a change.
  const nanoseconds pause = random.below(2) == 0 ? 30s : 300ms;
  const auto next_pause = [&] {  // now and then several changes at once
    return random.below(4) == 0 ? 10s : random.below(4) == 0 ? 3ms : pause;
  };
  for (nanoseconds at = random_below(random, 100ms); at < kFaultsLast;
       at += random_below(random, next_pause())) {
    schedule.steps.push_back({.at = at, .kind = random_change(random)});
  }
  for (nanoseconds at = random_below(random, 8s); at < kFaultsLast;
       at += random_below(random, 8s)) {
    const StepKind kind = random_fault(random);
    if (schedule.steady_network && disturbs_watches(kind)) continue;
    schedule.steps.push_back({.at = at,
                              .kind = kind,
                              .member = random.below(schedule.members),
                              .lasts = random_length(random, kind)});
  }
  std::ranges::stable_sort(schedule.steps, {}, &Step::at);
  return schedule;
}

std::string_view to_string(StepKind kind) noexcept {
  switch (kind) {
    case StepKind::Put:
      return "put a new value";
    case StepKind::PutHuge:
      return "put a value too large to be received";
    case StepKind::Remove:
      return "delete the key";
    case StepKind::ChangeOtherKey:
      return "change another key";
    case StepKind::Compact:
      return "compact all history";
    case StepKind::WriteAnchors:
      return "another instance writes the missing anchors";
    case StepKind::StopMember:
      return "stop member";
    case StepKind::FreezeMember:
      return "freeze member";
    case StepKind::DeafenMember:
      return "lose the events of watches at member";
    case StepKind::DelayMember:
      return "delay the events of watches at member";
    case StepKind::IsolateMember:
      return "cut off from the leader member";
    case StepKind::BreakConnection:
      return "break the connection, if it is to member";
    case StepKind::CancelWatch:
      return "cancel the watch";
    case StepKind::ExpireToken:
      return "let the token expire";
    case StepKind::EndLeases:
      return "end every lease";
    case StepKind::Restore:
      return "restore an older state";
    case StepKind::Replace:
      return "put another cluster behind the addresses";
    case StepKind::SuspendInstance:
      return "suspend the instance";
    case StepKind::RestartInstance:
      return "restart the instance: away";
    case StepKind::KillInstance:
      return "kill the instance: away";
    case StepKind::LoseState:
      return "kill the instance and damage its state file: away";
    case StepKind::Reboot:
      return "reboot the instance's machine: away";
    case StepKind::SetClockForward:
      return "set the instance's clock forward by";
    case StepKind::SetClockBack:
      return "set the instance's clock back by";
  }
  std::unreachable();
}

bool has(const Schedule& schedule, StepKind kind) {
  return std::ranges::find(schedule.steps, kind, &Step::kind) != schedule.steps.end();
}

bool keeps_watches_prompt(const Schedule& schedule) {
  return schedule.steady_network &&
         std::ranges::none_of(schedule.steps, disturbs_watches, &Step::kind);
}

bool keeps_connections(const Schedule& schedule) {
  return schedule.steady_network && schedule.with_user && !schedule.old_etcd &&
         std::ranges::none_of(schedule.steps, ends_connections, &Step::kind);
}

bool keeps_lineage(const Schedule& schedule) {
  return !has(schedule, StepKind::Restore) && !has(schedule, StepKind::Replace);
}

bool keeps_clock(const Schedule& schedule) {
  return std::ranges::none_of(schedule.steps, sets_clock, &Step::kind);
}

std::string to_string(const Schedule& schedule) {
  std::string text = fmt::format(
      "seed {}, {} member(s), {} network, {}{}{}{}{}{}{} step(s)\n", schedule.seed,
      schedule.members, schedule.steady_network ? "steady" : "bad",
      schedule.with_user ? "a user, " : "", schedule.old_etcd ? "old etcd, " : "",
      schedule.may_write ? "" : "no permission to write, ",
      schedule.with_directives ? "directives, " : "", schedule.with_acks ? "acks, " : "",
      schedule.from_last_good ? "start from the last good set, "
      : schedule.with_state   ? "a state file, "
                              : "",
      schedule.steps.size());
  auto out = std::back_inserter(text);
  for (const Step& step : schedule.steps) {
    fmt::format_to(out, "{:9.3f} s  {}", seconds(step.at), to_string(step.kind));
    if (is_of_member(step.kind)) fmt::format_to(out, " {}", step.member);
    if (is_lasting(step.kind)) fmt::format_to(out, " for {:.3f} s", seconds(step.lasts));
    if (sets_clock(step.kind)) fmt::format_to(out, " {:.3f} s", seconds(step.lasts));
    text += '\n';
  }
  return text;
}

}  // namespace osproxy::etcd::sim
