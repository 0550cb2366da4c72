// osproxyctl inflight
#include <algorithm>
#include <iterator>
#include <memory>
#include <ostream>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/admin/inflight_response.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/commands/show_scrolls.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/filter_flags.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/flags/target_flags.h"
#include "osproxy/cli/print/cancel_line.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/json_writer.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  RecordFilter filter;  // of which a running request has the target and its age
  std::optional<std::int64_t> count;
  bool scrolls = false;
};

constexpr std::int64_t kDefaultCount = 20;
constexpr std::int64_t kMaxCount = 10'000;  // as the admin listener's limit

constexpr char kExamples[] = R"(Examples:
  osproxyctl inflight
  osproxyctl inflight --tenant acme --slower 10s --admin http://proxy-1:9901,http://proxy-2:9901
  osproxyctl inflight --scrolls --fleet --endpoints etcd-1:2379
  osproxyctl inflight -n 1000 --output json | jq -r '.instances[].inflight.requests[].client'

Shows the requests that run now, the oldest first: age, stage, kind, names, node, bytes of the body
received and of the response sent. No directive is needed. Under a request that OpenSearch can cancel
stands the line that does it; it cancels every such task with the same X-Opaque-Id. osproxyctl
itself cancels nothing. With --scrolls, --slower is the age, and -n counts scrolls. A > before the
age means that the scroll was opened elsewhere or earlier: the names are of who continued it first.

Exit codes: 0 every instance has responded, 1 some worker of an instance has not, 5 some instance has
not; the others are shown.)";

struct Report {
  AdminInstance address;
  std::optional<InstanceInflight> inflight;
  std::string error;
};

Report make_report(const AdminInstance& address, const AdminResult& response) {
  if (!response) return {.address = address, .inflight = std::nullopt, .error = response.error()};
  auto inflight = response->status == 200 ? parse_inflight(response->body) : std::nullopt;
  std::string error;
  if (!inflight) {
    error = error_of(*response).type == "not_found"
                ? fmt::format("{}: too old: it does not list running requests", address.to_string())
                : describe_refusal(address, *response);
  }
  return {.address = address, .inflight = std::move(inflight), .error = std::move(error)};
}

struct Shown {
  const InflightRequest* request;
  const std::string* instance;
};

/// The oldest of all instances.
std::vector<Shown> oldest(const std::vector<Report>& reports, std::size_t count) {
  std::vector<Shown> shown;
  for (const Report& report : reports) {
    if (!report.inflight) continue;
    for (const InflightRequest& request : report.inflight->requests) {
      shown.push_back({&request, &report.inflight->instance});
    }
  }
  std::ranges::stable_sort(shown, std::ranges::greater(),
                           [](const Shown& one) { return one.request->age_us; });
  if (shown.size() > count) shown.resize(count);
  return shown;
}

std::string age_text(std::int64_t age_us) {
  const auto us = static_cast<double>(age_us);
  return age_us >= 1'000'000 ? fmt::format("{:.1f}s", us / 1e6) : fmt::format("{:.0f}ms", us / 1e3);
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : shortened(text); }

std::vector<std::string> row(const Shown& shown) {
  const InflightRequest& request = *shown.request;
  return {age_text(request.age_us),
          request.stage,
          request.endpoint,
          or_dash(request.index),
          or_dash(request.tenant),
          or_dash(request.principal),
          or_dash(request.client),
          or_dash(request.agent),
          or_dash(request.opaque_id),
          or_dash(request.node),
          fmt::to_string(request.request_bytes),
          fmt::to_string(request.response_bytes),
          *shown.instance,
          request.request_id};
}

void print_cancel_lines(const InflightRequest& request, std::ostream& out) {
  const std::string& own = request.opaque_id;
  const auto lines =
      cancel_lines({.endpoint = request.endpoint,
                    .by_query = request.by_query,
                    .node = request.node,
                    .node_tls = request.node_tls,
                    .opaque_id = own.empty() && request.adds_opaque_id ? request.request_id : own});
  for (const std::string& line : lines) fmt::print(out, "    {}\n", printable(line));
}

std::string summary(const std::vector<Report>& reports, std::size_t shown) {
  std::uint64_t running = 0;
  std::uint64_t matched = 0;
  for (const Report& report : reports) {
    if (!report.inflight) continue;
    running += report.inflight->running;
    matched += report.inflight->matched;
  }
  return fmt::format("{} running, {} matched, {} shown", running, matched, shown);
}

void print_text(const std::vector<Report>& reports, std::size_t count, std::ostream& out) {
  const std::vector<Shown> shown = oldest(reports, count);
  fmt::print(out, "{}\n", summary(reports, shown.size()));
  if (shown.empty()) return;
  std::vector<std::vector<std::string>> rows{{"AGE", "STAGE", "ENDPOINT", "INDEX", "TENANT",
                                              "PRINCIPAL", "CLIENT", "AGENT", "OPAQUE_ID", "NODE",
                                              "IN", "OUT", "INSTANCE", "REQUEST_ID"}};
  for (const Shown& one : shown) rows.push_back(row(one));
  const std::string table = format_table(rows);
  std::string_view rest = table;
  for (std::size_t line = 0; !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n') + 1;
    fmt::print(out, "{}", rest.substr(0, end));
    rest.remove_prefix(end);
    if (line > 0) print_cancel_lines(*shown[line - 1].request, out);
  }
}

void print_json(const std::vector<Report>& reports, std::ostream& out) {
  JsonWriter json;
  json.begin_object().key("instances").begin_array();
  for (const Report& report : reports) {
    json.begin_object().field_or_null("admin", report.address.url());
    json.field_or_null("error", report.error);
    json.key("inflight").raw(report.inflight ? report.inflight->json : "null").end_object();
  }
  json.end_array().end_object();
  fmt::print(out, "{}\n", std::move(json).take());
}

std::string target_of(const Flags& flags, std::int64_t count) {
  std::string target = fmt::format("/admin/inflight?limit={}", count);
  add_parameters(target, flags.filter);
  return target;
}

/// Says for each instance what is missing of it. The exit code is the worst of them.
ExitCode print_problems(const std::vector<Report>& reports, std::ostream& err) {
  ExitCode code = ExitCode::Done;
  for (const Report& report : reports) {
    if (!report.inflight) {
      fmt::print(err, "{}\n", printable(report.error));
      code = ExitCode::Unreachable;
      continue;
    }
    for (const std::uint64_t worker : report.inflight->silent_workers) {
      fmt::print(err, "{}: worker {} does not respond: its requests are missing\n",
                 report.address.to_string(), worker);
      if (code == ExitCode::Done) code = ExitCode::Failed;
    }
  }
  return code;
}

std::expected<void, Failure> inflight(const Flags& flags, Environment& environment) {
  const auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  const std::int64_t count = flags.count.value_or(kDefaultCount);
  if (flags.scrolls) {
    return show_scrolls(*access, target_of(flags, count) + "&scrolls=true",
                        static_cast<std::size_t>(count), flags.output, environment);
  }
  const auto responses = get_from_all(*access, target_of(flags, count));
  std::vector<Report> reports;
  reports.reserve(responses.size());
  for (std::size_t i = 0; i < responses.size(); ++i) {
    reports.push_back(make_report(access->instances[i], responses[i]));
  }
  if (flags.output == Output::Json) {
    print_json(reports, environment.out);
  } else {
    print_text(reports, static_cast<std::size_t>(count), environment.out);
  }
  const ExitCode code = print_problems(reports, environment.err);
  if (code == ExitCode::Done) return {};
  return std::unexpected(Failure{code, ""});
}

}  // namespace

Action add_inflight(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_target(app, flags->filter.target);
  add_value(app, "--slower", "DURATION", "Only requests that have run at least this long",
            duration_reader(flags->filter.slower, std::chrono::days{1}));
  add_value(app, "-n,--count", "N", fmt::format("Show the N oldest (default {})", kDefaultCount),
            number_reader(flags->count, {1, kMaxCount}));
  add_switch(app, "--scrolls", flags->scrolls,
             "Show open scrolls and points in time instead, by those who opened them");
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return inflight(*flags, environment); };
}

}  // namespace osproxy::cli
