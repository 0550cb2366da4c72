// osproxyctl status
#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_fleet_reader.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl status
  osproxyctl status --admin http://proxy-1:9901,http://proxy-2:9901 --token-file ~/.osproxy-token
  until osproxyctl status >/dev/null; do sleep 1; done

Exit codes: 0 every instance is reachable, synced, and its newest document was accepted,
1 some instance is not, 5 some instance is not reachable.)";

// One instance: its status, or why there is none.
struct Report {
  AdminInstance address;
  std::optional<InstanceStatus> status;
  std::string error;

  bool healthy() const { return status && status->state == "synced" && !status->rejected; }
};

Report make_report(const AdminInstance& address, const AdminResult& response) {
  if (!response) return {.address = address, .status = std::nullopt, .error = response.error()};
  auto status = response->status == 200 ? parse_status(response->body) : std::nullopt;
  std::string error = status ? "" : describe_refusal(address, *response);
  return {.address = address, .status = std::move(status), .error = std::move(error)};
}

std::string directive_line(const InstanceStatus::Directive& directive, WallTime now) {
  const auto end = parse_rfc3339_utc(directive.expires_at);
  std::string line = fmt::format(
      "{} {} {}, matched {}, recorded {}", printable(directive.id), printable(directive.level),
      end ? format_remaining(*end, now) : "?", directive.matched, directive.recorded);
  if (!directive.thinned.empty()) line += ", thinned: " + printable(directive.thinned);
  return line;
}

// In seconds; instances report nanoseconds.
std::string short_time(const std::string& text) {
  const auto time = parse_rfc3339_utc(text);
  return time ? format_rfc3339(std::chrono::floor<std::chrono::seconds>(*time)) : printable(text);
}

std::string describe_store(const InstanceStatus& status) {
  std::string text = fmt::format("{} since {}", printable(status.state), short_time(status.since));
  if (!status.reason.empty()) text += ": " + printable(status.reason);
  return text;
}

std::string upstream_line(const InstanceStatus::Upstream& upstream) {
  std::string text = fmt::format("{} {} since {}", printable(upstream.node),
                                 printable(upstream.state), short_time(upstream.since));
  if (!upstream.reason.empty()) text += ": " + printable(upstream.reason);
  return text +
         fmt::format(", {} in flight, {} connections", upstream.in_flight, upstream.connections);
}

// Prints lines, the first one after a heading.
void print_lines(std::string_view word, const std::vector<std::string>& lines, std::ostream& out) {
  for (const std::string& line : lines) {
    fmt::print(out, "  {:10}{}\n", word, line);
    word = "";
  }
}

void print_instance(const Report& report, WallTime now, std::ostream& out) {
  if (!report.status) {
    fmt::print(out, "\n{}\n  not reachable\n", printable(report.error));
    return;
  }
  const InstanceStatus& status = *report.status;
  fmt::print(out, "\n{}  {}  osproxy {}  up {}\n", report.address.to_string(),
             printable(status.instance), printable(status.version),
             format_duration(std::chrono::floor<std::chrono::seconds>(
                 std::chrono::milliseconds{std::max<std::int64_t>(0, status.uptime_ms)})));
  fmt::print(out, "  store     {}\n  state     {}\n", printable(status.store_kind),
             describe_store(status));
  fmt::print(out, "  revision  {}, {}\n", status.revision,
             status.verified_age_ms
                 ? "verified " + format_age(std::chrono::milliseconds{*status.verified_age_ms})
                 : "never verified");
  std::vector<std::string> active;
  for (const auto& directive : status.directives) {
    if (directive.active) active.push_back(directive_line(directive, now));
  }
  if (active.empty()) active.emplace_back("nothing");
  print_lines("active", active, out);
  std::vector<std::string> upstreams;
  upstreams.reserve(status.upstreams.size());
  for (const auto& upstream : status.upstreams) upstreams.push_back(upstream_line(upstream));
  print_lines("upstreams", upstreams, out);
  for (const std::string& warning : status.warnings) {
    fmt::print(out, "  warning   {}\n", printable(warning));
  }
  if (!status.rejected) return;
  fmt::print(out,
             "  rejected  revision {}: {} at {}, seen {}\n"
             "            the last good document stays in force: publish a correct one, or take "
             "everything off with `osproxyctl off --all`\n",
             status.rejected->revision, printable(status.rejected->slug),
             status.rejected->where.empty() ? "the document" : printable(status.rejected->where),
             short_time(status.rejected->at));
}

std::string summary(const std::vector<Report>& reports) {
  std::vector<std::string> revisions;
  for (const Report& report : reports) {
    if (report.status) revisions.push_back(fmt::format("{}", report.status->revision));
  }
  std::ranges::sort(revisions);
  revisions.erase(std::ranges::unique(revisions).begin(), revisions.end());
  return fmt::format("{}/{} synced{}{}", std::ranges::count_if(reports, &Report::healthy),
                     reports.size(), revisions.empty() ? "" : ", revision ", join(revisions));
}

// The whole fleet, of which the given instances may be a part, as the first instance with etcd sees
// it; or why it cannot be read. Empty if no instance uses etcd.
std::string fleet_line(const AdminAccess& access, const std::vector<Report>& reports) {
  const auto in_etcd = [](const Report& report) {
    return report.status && report.status->store_kind == "etcd";
  };
  const auto found = std::ranges::find_if(reports, in_etcd);
  if (found == reports.end()) return {};
  AdminFleetReader reader(
      {.instances = {found->address}, .token = access.token, .timeout = access.timeout});
  const auto fleet = reader.read();
  return (fleet ? describe_fleet(*fleet) : "FLEET cannot be read: " + printable(fleet.error())) +
         "\n";
}

void print_json(const std::vector<Report>& reports, std::ostream& out) {
  JsonWriter json;
  json.begin_object().field("synced", std::ranges::all_of(reports, &Report::healthy));
  json.key("instances").begin_array();
  for (const Report& report : reports) {
    json.begin_object().field_or_null("admin", report.address.url());
    json.field_or_null("error", report.error);
    json.key("status").raw(report.status ? report.status->json : "null").end_object();
  }
  json.end_array().end_object();
  fmt::print(out, "{}\n", std::move(json).take());
}

std::expected<void, Failure> status(const Flags& flags, Environment& environment) {
  const auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  const std::vector<AdminResult> responses = get_from_all(*access, "/admin/status");
  std::vector<Report> reports;
  reports.reserve(responses.size());
  for (std::size_t i = 0; i < responses.size(); ++i) {
    reports.push_back(make_report(access->instances[i], responses[i]));
  }

  if (flags.output == Output::Json) {
    print_json(reports, environment.out);
  } else {
    fmt::print(environment.out, "{}\n{}", summary(reports), fleet_line(*access, reports));
    const WallTime now = environment.clock.now().wall;
    for (const Report& report : reports) print_instance(report, now, environment.out);
  }
  if (std::ranges::all_of(reports, &Report::healthy)) return {};
  const bool all_answered =
      std::ranges::all_of(reports, [](const Report& report) { return report.status.has_value(); });
  return std::unexpected(Failure{all_answered ? ExitCode::Failed : ExitCode::Unreachable, ""});
}

}  // namespace

Action add_status(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return status(*flags, environment); };
}

}  // namespace osproxy::cli
