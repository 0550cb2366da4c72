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
  if (random.below(30) == 0) return random.below(2) == 0 ? Deed::Restore : Deed::Replace;
  if (random.below(20) == 0) return Deed::SuspendInstance;
  return kFaults[random.below(kFaults.size())];
}

bool is_lasting_at_member(Deed deed) {
  return deed == Deed::StopMember || deed == Deed::FreezeMember || deed == Deed::DeafenMember ||
         deed == Deed::DelayMember || deed == Deed::IsolateMember;
}

bool is_lasting(Deed deed) { return is_lasting_at_member(deed) || deed == Deed::SuspendInstance; }

bool is_of_member(Deed deed) { return is_lasting_at_member(deed) || deed == Deed::BreakConnection; }

/// Each watch that is up brings every change at once, unless one of these has happened.
bool disturbs_watches(Deed deed) {
  return deed == Deed::FreezeMember || deed == Deed::DeafenMember || deed == Deed::DelayMember ||
         deed == Deed::IsolateMember || deed == Deed::SuspendInstance;
}

double seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

Schedule make_schedule(std::uint64_t seed) {
  Random random(seed);
  Schedule schedule{
      .seed = seed, .members = 1 + random.below(3), .steady_network = random.below(4) == 0};
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
                              .lasts = is_lasting(deed) ? random_below(random, 40s) : 0ns});
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
    case Deed::Restore:
      return "restore an older state";
    case Deed::Replace:
      return "put another cluster behind the addresses";
    case Deed::SuspendInstance:
      return "suspend the instance";
  }
  std::unreachable();
}

bool keeps_watches_prompt(const Schedule& schedule) {
  return schedule.steady_network &&
         std::ranges::none_of(schedule.steps, disturbs_watches, &Step::deed);
}

bool keeps_lineage(const Schedule& schedule) {
  return std::ranges::none_of(schedule.steps, [](const Step& step) {
    return step.deed == Deed::Restore || step.deed == Deed::Replace;
  });
}

std::string to_string(const Schedule& schedule) {
  std::string text = fmt::format("seed {}, {} member(s), {} network, {} step(s)\n", schedule.seed,
                                 schedule.members, schedule.steady_network ? "steady" : "bad",
                                 schedule.steps.size());
  auto out = std::back_inserter(text);
  for (const Step& step : schedule.steps) {
    fmt::format_to(out, "{:9.3f} s  {}", seconds(step.at), to_string(step.deed));
    if (is_of_member(step.deed)) fmt::format_to(out, " {}", step.member);
    if (is_lasting(step.deed)) fmt::format_to(out, " for {:.3f} s", seconds(step.lasts));
    text += '\n';
  }
  return text;
}

}  // namespace osproxy::etcd::sim
