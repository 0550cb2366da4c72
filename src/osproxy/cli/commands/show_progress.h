// Waits for the fleet after a publish and shows who has applied it, for `publish`, `on` and `off`.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/document/await_fleet.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/run/environment.h"
#include "osproxy/core/json_writer.h"

namespace osproxy::cli {

/// Waits until the fleet has applied `revision`, as long as the flags say; nullopt with --no-wait.
/// What has been printed so far is visible meanwhile. With
/// Output::Text the outcome is printed.
std::optional<FleetProgress> await_applied(const WaitFlags& wait, const ConnectionFlags& connection,
                                           std::int64_t revision, Output output,
                                           Environment& environment);

/// Adds `"fleet":{…}`, which is null if nobody has waited.
void write_progress(JsonWriter& json, const std::optional<FleetProgress>& progress);

/// The end of a command that has published: a failure unless all have applied it, or nobody waits.
std::expected<void, Failure> conclude(const std::optional<FleetProgress>& progress);

}  // namespace osproxy::cli
