// osproxyctl fleet
#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/directive_text.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/duration.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl fleet --endpoints 127.0.0.1:2379
  osproxyctl fleet --admin http://proxy-1:9901 --token-file ~/.osproxy-token
  until osproxyctl fleet >/dev/null; do sleep 1; done
  osproxyctl fleet --output json | jq -r '.instances[] | select(.applied | not) | .instance'

Exit codes: 0 every instance of the fleet has applied the current document and is synced,
1 some instance has not, or there is none, 5 not reachable.)";

std::string ago(WallTime time, WallTime now) {
  const auto age = std::chrono::floor<std::chrono::seconds>(now - time);
  return format_duration(std::max(age, std::chrono::seconds{0})) + " ago";
}

// In tenths of a second. It is the age at the time when the ack was written.
std::string verified(const InstanceAck& ack) {
  if (!ack.verified_age) return "never";
  return fmt::format("{:.1f}s", std::chrono::duration<double>(*ack.verified_age).count());
}

std::vector<std::string> row(const FleetMember& member, WallTime now) {
  if (!member.ack) return {member.instance, "?", "?", "?", "?", "?", "?", member.why};
  const InstanceAck& ack = *member.ack;
  return {member.instance,
          ack.state,
          fmt::to_string(ack.revision),
          verified(ack),
          ago(ack.written, now),
          ack.version,
          ago(ack.started, now),
          member.applied ? "yes" : "no: " + member.why};
}

// An ack names only the first thinned directives of its instance.
std::string thinned_lines(const Fleet& fleet) {
  std::vector<ThinnedAt> named;
  std::string more;
  for (const FleetMember& member : fleet.members) {
    if (!member.ack) continue;
    const InstanceAck& ack = *member.ack;
    for (const auto& thinned : ack.thinned) named.push_back({member.instance, thinned});
    const auto rest = ack.thinned_count - static_cast<std::int64_t>(ack.thinned.size());
    if (rest > 0) more += fmt::format("thinned: {} more at {}\n", rest, printable(member.instance));
  }
  return thinned_text(named) + more;
}

std::string fleet_text(const Fleet& fleet, WallTime now) {
  std::string text = fmt::format("{}\n", describe_fleet(fleet));
  if (fleet.members.empty()) return text;
  std::vector<std::vector<std::string>> rows{
      {"INSTANCE", "STATE", "REVISION", "VERIFIED", "WRITTEN", "VERSION", "STARTED", "APPLIED"}};
  for (const FleetMember& member : fleet.members) rows.push_back(row(member, now));
  std::string left_out;
  if (fleet.left_out > 0) {
    left_out = fmt::format("{} more keys are not shown: there are too many\n", fleet.left_out);
  }
  return text + format_table(rows) + left_out + thinned_lines(fleet);
}

std::expected<void, Failure> fleet(const Flags& flags, Environment& environment) {
  const auto reader = open_fleet(flags.connection, environment);
  if (!reader) return std::unexpected(reader.error());
  const auto fleet = (*reader)->read();
  if (!fleet) return std::unexpected(Failure{ExitCode::Unreachable, fleet.error()});
  if (flags.output == Output::Json) {
    fmt::print(environment.out, "{}\n", fleet_json(*fleet));
  } else {
    fmt::print(environment.out, "{}", fleet_text(*fleet, environment.clock.now().wall));
  }
  const bool all_synced = fleet->count_synced() == fleet->members.size();
  if (!fleet->members.empty() && fleet->left_out == 0 && all_synced) return {};
  return std::unexpected(Failure{ExitCode::Failed, ""});
}

}  // namespace

Action add_fleet(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Either);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return fleet(*flags, environment); };
}

}  // namespace osproxy::cli
