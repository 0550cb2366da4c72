#include "osproxy/cli/commands/show_progress.h"

#include <fmt/ostream.h>

namespace osproxy::cli {

std::optional<FleetProgress> await_applied(const WaitFlags& wait, const ConnectionFlags& connection,
                                           std::int64_t revision, Output output,
                                           Environment& environment) {
  if (wait.no_wait) return std::nullopt;
  environment.out.flush();
  AwaitedPublish publish{.revision = revision};
  if (wait.wait) publish.most = *wait.wait;
  // A read that hangs is not to take longer than the wait.
  ConnectionFlags brief = connection;
  if (!brief.timeout || *brief.timeout > publish.most) brief.timeout = publish.most;
  const auto reader = open_fleet(brief, environment);
  FleetProgress progress = reader ? await_fleet(**reader, publish, environment)
                                  : FleetProgress{.unreadable = reader.error().message};
  if (output == Output::Text) fmt::print(environment.out, "{}", progress_text(progress));
  return progress;
}

void write_progress(JsonWriter& json, const std::optional<FleetProgress>& progress) {
  json.key("fleet").raw(progress ? progress_json(*progress) : "null");
}

std::expected<void, Failure> conclude(const std::optional<FleetProgress>& progress) {
  if (!progress || progress->is_complete()) return {};
  return std::unexpected(Failure{ExitCode::NotApplied, ""});
}

}  // namespace osproxy::cli
