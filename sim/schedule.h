// The changes and faults of one simulation: a list of steps, made
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
  // Ordinary changes.
  Put,
  PutHuge,  ///< a value too large to be received
  Remove,
  ChangeOtherKey,
  Compact,
  WriteAnchors,  ///< another instance writes the missing anchors
  // Faults of a member, for a while.
  StopMember,
  FreezeMember,   ///< no response, no error
  DeafenMember,   ///< its watches lose events
  DelayMember,    ///< its watches bring events seconds later
  IsolateMember,  ///< it has no leader: reads have no response, and watches end with that reason
  // Faults of a moment.
  BreakConnection,
  CancelWatch,
  ExpireToken,
  EndLeases,
  Restore,  ///< an older state of this cluster, under the same id
  Replace,  ///< another cluster behind the same addresses
  // Faults of the instance, and of the computer that it runs on.
  SuspendInstance,  ///< it does not run for a while; events wait
  RestartInstance,  ///< stopped in order, and started again a while later
  KillInstance,     ///< the state that it has not saved yet is lost
  LoseState,        ///< the same, and the state file is damaged
  Reboot,           ///< of the computer: earlier boot times mean nothing
  SetClockForward,  ///< the wall clock of the computer
  SetClockBack,
};

inline constexpr std::size_t kStepKinds = static_cast<std::size_t>(StepKind::SetClockBack) + 1;

std::string_view to_string(StepKind kind) noexcept;

struct Step {
  std::chrono::nanoseconds at{};  ///< since the start
  StepKind kind{};
  std::size_t member = 0;
  std::chrono::nanoseconds lasts{};  ///< or by how much a clock is set
};

struct Schedule {
  std::uint64_t seed = 0;       ///< also of the network's delays and losses
  std::size_t members = 1;      ///< of the cluster, each one an endpoint
  bool steady_network = false;  ///< only a step loses or delays a message
  bool with_user = false;       ///< calls carry a token
  bool old_etcd = false;        ///< refuses a watch's token like etcd before 3.5.7
  bool may_write = true;        ///< below anchors/ and fleet/
  bool with_directives = false;
  bool with_acks = false;
  bool with_state = false;      ///< the instance has a state directory
  bool from_last_good = false;  ///< and starts from the saved set
  std::vector<Step> steps{};    ///< by time
};

/// How long changes and faults happen. After that nothing happens, and the instance must reach the
/// truth.
inline constexpr std::chrono::seconds kFaultsLast{120};

/// The same for the same seed, on every machine.
Schedule make_schedule(std::uint64_t seed);

bool has(const Schedule& schedule, StepKind kind);

/// True if no step loses or delays the events of a watch.
bool keeps_watches_prompt(const Schedule& schedule);

/// True if no step is a reason to drop a connection.
bool keeps_connections(const Schedule& schedule);

/// True if the cluster is never replaced or restored.
bool keeps_lineage(const Schedule& schedule);

/// True if no step sets the instance's clock.
bool keeps_clock(const Schedule& schedule);

/// One line a step: "  3.214 s  freeze member 2 for 11.200 s".
std::string to_string(const Schedule& schedule);

}  // namespace osproxy::etcd::sim
