// What happens to the key, the cluster and the instance in one simulation: a list of steps, made
// from a seed, printed for a person, and cut down to the few that matter when it makes something
// fail.
//
// Regular values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace osproxy::etcd::sim {

enum class StepKind : std::uint8_t {
  // What people and etcd do any day.
  Put,
  PutHuge,  ///< a value too large to be received
  Remove,
  ChangeOtherKey,
  Compact,
  WriteAnchors,  ///< another instance writes what anchors are missing
  // What goes wrong with a member, for a while.
  StopMember,
  FreezeMember,   ///< nothing is answered, nothing breaks
  DeafenMember,   ///< its watches lose what happens
  DelayMember,    ///< its watches bring it seconds later
  IsolateMember,  ///< it has no leader: no read is answered, and watches end with that reason
  // What goes wrong at once.
  BreakConnection,
  CancelWatch,
  ExpireToken,
  EndLeases,
  Restore,  ///< an older state of this cluster, under the same id
  Replace,  ///< another cluster behind the same addresses
  // What happens to the instance and the machine that it runs on.
  SuspendInstance,  ///< it is not run for a while, and what comes waits
  RestartInstance,  ///< stopped properly, and started again a while later
  KillInstance,     ///< what it has not saved yet is lost
  LoseState,        ///< the same, and the state file is damaged
  Reboot,           ///< the machine that it runs on: boot times of before mean nothing
  SetClockForward,  ///< the wall clock of that machine
  SetClockBack,
};

inline constexpr std::size_t kStepKinds = static_cast<std::size_t>(StepKind::SetClockBack) + 1;

std::string_view to_string(StepKind kind) noexcept;

struct Step {
  std::chrono::nanoseconds at{};  ///< since the start
  StepKind kind{};
  std::size_t member = 0;
  std::chrono::nanoseconds lasts{};  ///< of a clock that is set: by how much
};

struct Schedule {
  std::uint64_t seed = 0;       ///< of the network's delays and losses, too
  std::size_t members = 1;      ///< of the cluster, each one an endpoint
  bool steady_network = false;  ///< nothing is lost or late but by a step
  bool with_user = false;       ///< calls carry a token
  bool old_etcd = false;        ///< refuses a watch's token as etcd before 3.5.7 does
  bool may_write = true;        ///< below anchors/ and fleet/
  bool with_directives = false;
  bool with_acks = false;
  bool with_state = false;      ///< the instance has a state directory
  bool from_last_good = false;  ///< and starts from what is there
  std::vector<Step> steps{};    ///< by time
};

/// For as long, things happen; after that nothing does, and the truth has to be reached.
inline constexpr std::chrono::seconds kFaultsLast{120};

/// The same for the same seed, on every machine.
Schedule make_schedule(std::uint64_t seed);

bool has(const Schedule& schedule, StepKind kind);

/// True if nothing in it loses or delays what a watch should bring.
bool keeps_watches_prompt(const Schedule& schedule);

/// True if nothing in it is a reason to give a connection up.
bool keeps_connections(const Schedule& schedule);

/// True if the cluster stays the same one, and never goes back.
bool keeps_lineage(const Schedule& schedule);

/// True if nobody sets the instance's clock.
bool keeps_clock(const Schedule& schedule);

/// One line a step: "  3.214 s  freeze member 2 for 11.200 s".
std::string to_string(const Schedule& schedule);

}  // namespace osproxy::etcd::sim
