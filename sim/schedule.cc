#include "sim/schedule.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/random.h"

namespace osproxy::etcd::sim {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

nanoseconds random_below(Random& random, nanoseconds most) {
  const auto bound = static_cast<std::uint64_t>(most.count());
  return nanoseconds{static_cast<std::int64_t>(random.below(bound))};
}

Deed random_change(Random& random) {
  switch (random.below(12)) {
    case 10:
      return random.below(4) == 0 ? Deed::Compact : Deed::ChangeOtherKey;
    case 0:
      return Deed::Remove;
    case 1:
    case 2:
      return Deed::ChangeOtherKey;
    case 3:
      return random.below(3) == 0 ? Deed::PutHuge : Deed::Put;
    default:
      return Deed::Put;
  }
}

Deed random_fault(Random& random) {
  constexpr std::array kFaults = {
      Deed::StopMember,      Deed::FreezeMember,  Deed::DeafenMember, Deed::DeafenMember,
      Deed::DelayMember,     Deed::Compact,       Deed::CancelWatch,  Deed::ExpireToken,
      Deed::BreakConnection, Deed::IsolateMember,
  };
  constexpr std::array kInstanceFaults = {
      Deed::SuspendInstance, Deed::RestartInstance, Deed::KillInstance,
      Deed::LoseState,       Deed::Reboot,          Deed::SetClockForward,
      Deed::SetClockBack,    Deed::Anchor,          Deed::EndLeases,
  };
  if (random.below(30) == 0) return random.below(2) == 0 ? Deed::Restore : Deed::Replace;
  if (random.below(6) == 0) return kInstanceFaults[random.below(kInstanceFaults.size())];
  return kFaults[random.below(kFaults.size())];
}

bool is_lasting_at_member(Deed deed) {
  return deed == Deed::StopMember || deed == Deed::FreezeMember || deed == Deed::DeafenMember ||
         deed == Deed::DelayMember || deed == Deed::IsolateMember;
}

bool sets_clock(Deed deed) { return deed == Deed::SetClockForward || deed == Deed::SetClockBack; }

bool restarts(Deed deed) {
  return deed == Deed::RestartInstance || deed == Deed::KillInstance || deed == Deed::LoseState ||
         deed == Deed::Reboot;
}

bool is_lasting(Deed deed) {
  return is_lasting_at_member(deed) || deed == Deed::SuspendInstance || restarts(deed);
}

bool is_of_member(Deed deed) { return is_lasting_at_member(deed) || deed == Deed::BreakConnection; }

/// Each watch that is up brings every change at once, unless one of these has happened.
bool disturbs_watches(Deed deed) {
  return deed == Deed::FreezeMember || deed == Deed::DeafenMember || deed == Deed::DelayMember ||
         deed == Deed::IsolateMember || deed == Deed::SuspendInstance;
}

/// What a connection does not survive, or a watch.
bool ends_connections(Deed deed) {
  return is_lasting_at_member(deed) || deed == Deed::BreakConnection || deed == Deed::CancelWatch ||
         deed == Deed::Compact || deed == Deed::PutHuge || deed == Deed::Restore ||
         deed == Deed::Replace || deed == Deed::SuspendInstance || restarts(deed);
}

/// How long a fault lasts, or how far a clock is set: not so far that nothing is ever seen of it.
nanoseconds random_length(Random& random, Deed deed) {
  if (sets_clock(deed)) return random_below(random, random.below(2) == 0 ? 20s : 3600s);
  if (restarts(deed)) return random_below(random, 20s);
  return is_lasting(deed) ? random_below(random, 40s) : nanoseconds{0};
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
  // The key changes rarely in some schedules and often in others: a fault must meet both a long
  // quiet and a change in the same moment.
  const nanoseconds pause = random.below(2) == 0 ? 30s : 300ms;
  const auto next_pause = [&] {  // several at once, now and then
    return random.below(4) == 0 ? 10s : random.below(4) == 0 ? 3ms : pause;
  };
  for (nanoseconds at = random_below(random, 100ms); at < kFaultsLast;
       at += random_below(random, next_pause())) {
    schedule.steps.push_back({.at = at, .deed = random_change(random)});
  }
  for (nanoseconds at = random_below(random, 8s); at < kFaultsLast;
       at += random_below(random, 8s)) {
    const Deed deed = random_fault(random);
    if (schedule.steady_network && disturbs_watches(deed)) continue;
    schedule.steps.push_back({.at = at,
                              .deed = deed,
                              .member = random.below(schedule.members),
                              .lasts = random_length(random, deed)});
  }
  std::ranges::stable_sort(schedule.steps, {}, &Step::at);
  return schedule;
}

std::string_view to_string(Deed deed) noexcept {
  switch (deed) {
    case Deed::Put:
      return "put a new value";
    case Deed::PutHuge:
      return "put a value too large to be received";
    case Deed::Remove:
      return "delete the key";
    case Deed::ChangeOtherKey:
      return "change another key";
    case Deed::Compact:
      return "compact all history";
    case Deed::Anchor:
      return "another instance writes the missing anchors";
    case Deed::StopMember:
      return "stop member";
    case Deed::FreezeMember:
      return "freeze member";
    case Deed::DeafenMember:
      return "lose the events of watches at member";
    case Deed::DelayMember:
      return "delay the events of watches at member";
    case Deed::IsolateMember:
      return "cut off from the leader member";
    case Deed::BreakConnection:
      return "break the connection, if it is to member";
    case Deed::CancelWatch:
      return "cancel the watch";
    case Deed::ExpireToken:
      return "let the token expire";
    case Deed::EndLeases:
      return "end every lease";
    case Deed::Restore:
      return "restore an older state";
    case Deed::Replace:
      return "put another cluster behind the addresses";
    case Deed::SuspendInstance:
      return "suspend the instance";
    case Deed::RestartInstance:
      return "restart the instance: away";
    case Deed::KillInstance:
      return "kill the instance: away";
    case Deed::LoseState:
      return "kill the instance and damage its state file: away";
    case Deed::Reboot:
      return "reboot the instance's machine: away";
    case Deed::SetClockForward:
      return "set the instance's clock forward by";
    case Deed::SetClockBack:
      return "set the instance's clock back by";
  }
  std::unreachable();
}

bool has(const Schedule& schedule, Deed deed) {
  return std::ranges::find(schedule.steps, deed, &Step::deed) != schedule.steps.end();
}

bool keeps_watches_prompt(const Schedule& schedule) {
  return schedule.steady_network &&
         std::ranges::none_of(schedule.steps, disturbs_watches, &Step::deed);
}

bool keeps_connections(const Schedule& schedule) {
  return schedule.steady_network && schedule.with_user && !schedule.old_etcd &&
         std::ranges::none_of(schedule.steps, ends_connections, &Step::deed);
}

bool keeps_lineage(const Schedule& schedule) {
  return !has(schedule, Deed::Restore) && !has(schedule, Deed::Replace);
}

bool keeps_clock(const Schedule& schedule) {
  return std::ranges::none_of(schedule.steps, sets_clock, &Step::deed);
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
    fmt::format_to(out, "{:9.3f} s  {}", seconds(step.at), to_string(step.deed));
    if (is_of_member(step.deed)) fmt::format_to(out, " {}", step.member);
    if (is_lasting(step.deed)) fmt::format_to(out, " for {:.3f} s", seconds(step.lasts));
    if (sets_clock(step.deed)) fmt::format_to(out, " {:.3f} s", seconds(step.lasts));
    text += '\n';
  }
  return text;
}

}  // namespace osproxy::etcd::sim
