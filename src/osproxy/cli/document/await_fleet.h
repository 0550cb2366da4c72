// Waits until the fleet has applied a publish, as the acks of its instances say.
//
//   const FleetProgress progress = await_fleet(*reader, {.revision = 4812}, environment);
//   fmt::print(environment.out, "{}", progress_text(progress));
//
// It reads the fleet again and again, at growing intervals of up to a tenth of a second, until no
// instance is missing, each missing one has rejected the document, or the time is over. The time
// shown is therefore that of the read which found the last instance, after the publish had
// returned.
//
// An instance counts if it holds the published revision or one that came after it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "osproxy/cli/run/environment.h"
#include "osproxy/store/fleet.h"

namespace osproxy::cli {

struct AwaitedPublish {
  std::int64_t revision = 0;
  std::chrono::milliseconds most{2'000};  ///< not counting the last read
};

/// The fleet some time after a publish.
struct FleetProgress {
  std::size_t applied = 0;
  std::vector<FleetMember> missing{};  ///< with the reason of each
  std::int64_t left_out = 0;           ///< instances of which nothing is known: there are too many
  std::chrono::milliseconds took{};
  std::string slowest{};     ///< of several instances, the last that applied it
  std::string unreadable{};  ///< why the fleet cannot be read any more; empty: it can

  std::size_t members() const { return applied + missing.size(); }

  /// Each instance has applied it, and there is one.
  bool is_complete() const {
    return unreadable.empty() && applied > 0 && missing.empty() && left_out == 0;
  }
};

FleetProgress await_fleet(FleetReader& reader, const AwaitedPublish& publish,
                          Environment& environment);

/// `applied 12/12 in 180 ms (slowest proxy-09)`, with a line for each instance that is missing.
/// Printable.
std::string progress_text(const FleetProgress& progress);

/// `{"applied":12,"instances":12,"took_ms":180,"slowest":"proxy-09","missing":[]}`; or
/// `{"unreadable":…}`.
std::string progress_json(const FleetProgress& progress);

}  // namespace osproxy::cli
