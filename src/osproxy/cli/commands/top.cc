// osproxyctl top
#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/admin/asked_instances.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/filter_flags.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/cli/print/top_text.h"
#include "osproxy/core/duration.h"
#include "osproxy/flight/add_up.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;

// An instance gives so many rows, so that few are missing where tables are added up.
constexpr std::size_t kRowsOfInstance = 1'000;
constexpr std::size_t kMaxDimensions = 4;  // as the admin listener takes
constexpr auto kRedrawInterval = 2s;
constexpr auto kSignalCheckInterval = 100ms;

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  RecordFilter filter;
  TopQuery query;
  std::optional<std::chrono::milliseconds> last;
  std::optional<std::chrono::milliseconds> against;
  std::optional<std::int64_t> count;
  bool watches = false;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl top
  osproxyctl top --by principal,endpoint --last 1m --sort errors
  osproxyctl top --by index --tenant acme --against 5m
  osproxyctl top --admin http://proxy-1:9901,http://proxy-2:9901 --watch
  osproxyctl top --fleet --endpoints etcd-1:2379

Sums over the requests of the last minutes, with no directive published. All instances of --admin,
or with --fleet of the fleet, are added up. A number with ± is an estimate: of many requests, the flight recorder keeps samples,
and the true number is within these bounds. SHARE is the row's part of what --sort orders by.
--against shows the rows first whose share has changed most since the time before.

Exit codes: 0 all instances are shown, 1 the output cannot be written, 5 some instance is not: it is
not reachable, too old, or its flight recorder is off.)";

std::string target_of(const Flags& flags) {
  std::string target = "/admin/top";
  std::string by;
  for (const TopDimension dimension : flags.query.by) {
    by.append(by.empty() ? "" : ",").append(to_string(dimension));
  }
  add_parameter(target, "by", by);
  add_parameter(target, "sort", to_string(flags.query.sort));
  if (flags.last) add_parameter(target, "last", format_duration(*flags.last));
  if (flags.against) add_parameter(target, "against", format_duration(*flags.against));
  add_parameter(target, "limit", std::to_string(kRowsOfInstance));
  add_parameters(target, flags.filter);
  return target;
}

struct Reports {
  std::vector<TopReport> reports;
  AskedInstances asked;
};

/// Why the sums cannot count in what an instance has sent.
std::optional<std::string> fault_of(const TopReport& report, const TopQuery& query) {
  if (report.query.by != query.by || report.query.compares != query.compares) {
    return "it is no response to this question";
  }
  if (report.result.rows.size() > kRowsOfInstance) return "it has more rows than were asked for";
  return std::nullopt;
}

std::expected<TopReport, std::string> read_report(const AdminInstance& instance,
                                                  const AdminResponse& response,
                                                  const TopQuery& query) {
  if (response.status == 404 && error_of(response).type == "not_found") {
    return std::unexpected(
        fmt::format("{} has no flight recorder: its version is too old", instance.to_string()));
  }
  if (response.status != 200) return std::unexpected(describe_refusal(instance, response));
  auto report = decode_top_report(response.body);
  const auto fault = report ? fault_of(*report, query) : std::optional(report.error());
  if (fault) return std::unexpected(describe_unusable(instance, *fault));
  return report;
}

Reports read_reports(const AdminAccess& access, const Flags& flags) {
  Reports all{.reports = {}, .asked = AskedInstances(access)};
  const auto responses = get_from_all(access, target_of(flags));
  for (std::size_t i = 0; i < responses.size(); ++i) {
    auto report = responses[i] ? read_report(access.instances[i], *responses[i], flags.query)
                               : std::unexpected(responses[i].error());
    if (!report) {
      all.asked.miss(i, report.error());
    } else if (all.asked.show(i, report->instance)) {
      all.reports.push_back(*std::move(report));
    }
  }
  return all;
}

TopView add_up(const std::vector<TopReport>& reports, const TopQuery& query, std::size_t rows) {
  const TopReport sum = osproxy::add_up(reports, query, rows);
  TopView view{.instances = reports.size(),
               .window = sum.window,
               .last = sum.last,
               .against = sum.against,
               .covered = sum.covered,
               .query = query,
               .result = sum.result};
  for (const TopReport& report : reports) {
    if (report.covered < view.covered) {
      view.notes.push_back(fmt::format("{} holds the last {} only", printable(report.instance),
                                       format_duration(report.covered)));
    }
    if (reports.size() > 1 && report.result.others_count > 0) {
      view.notes.push_back(
          fmt::format("{} has {} rows more than it sends: rare names may have more",
                      printable(report.instance), report.result.others_count));
    }
  }
  return view;
}

// As one instance responds, with the instances.
std::string to_json(const TopView& view, const AskedInstances& asked) {
  return asked.add_to(encode_top_report({.instance = "",
                                         .window = view.window,
                                         .last = view.last,
                                         .against = view.against,
                                         .covered = view.covered,
                                         .query = view.query,
                                         .result = view.result}));
}

/// Prints the table once. The errors are those of the instances that are missing in it.
std::expected<void, Failure> show(const Flags& flags, Environment& environment) {
  const auto access = admin_access(flags.connection, environment);  // the fleet may have changed
  if (!access) return std::unexpected(access.error());
  const Reports all = read_reports(*access, flags);
  const bool is_json = flags.output == Output::Json;
  if (!all.reports.empty()) {
    const auto rows = static_cast<std::size_t>(flags.count.value_or(10));
    const TopView view = add_up(all.reports, flags.query, rows);
    if (flags.watches && !is_json) fmt::print(environment.out, "\x1b[H\x1b[2J");
    fmt::print(environment.out, "{}", is_json ? to_json(view, all.asked) + "\n" : top_text(view));
    if (is_json) {
      for (const std::string& note : view.notes) fmt::print(environment.err, "{}\n", note);
    }
    environment.out.flush();
    if (!environment.out) return std::unexpected(output_failure());
  }
  const std::vector<std::string> errors = all.asked.errors();
  if (errors.empty()) return {};
  return std::unexpected(instances_missing(errors, environment));
}

std::expected<void, Failure> top(const Flags& flags, Environment& environment) {
  if (!flags.watches) return show(flags, environment);
  const std::stop_token stop = environment.stop_on_signal();
  while (!stop.stop_requested()) {
    const auto shown = show(flags, environment);
    if (!shown && shown.error().code != ExitCode::Unreachable) return shown;
    if (!shown && !shown.error().message.empty())
      fmt::print(environment.err, "{}\n", printable(shown.error().message));
    for (auto waited = 0ms; waited < kRedrawInterval && !stop.stop_requested();
         waited += kSignalCheckInterval) {
      environment.sleep(kSignalCheckInterval);
    }
  }
  return {};
}

std::expected<void, std::string> read_by(const std::string& text, std::vector<TopDimension>& by) {
  by.clear();
  const auto names = split_list(text);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto dimension = parse_top_dimension(name);
    if (!dimension) return std::unexpected("must be of " + top_dimension_names());
    if (by.size() == kMaxDimensions || std::ranges::count(by, *dimension) > 0) {
      return std::unexpected("must be one to four names, each once");
    }
    by.push_back(*dimension);
  }
  return {};
}

}  // namespace

Action add_top(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_value(app, "--by", "NAMES", "Names to sum by, one to four: " + top_dimension_names(),
            [flags](const std::string& text) { return read_by(text, flags->query.by); });
  add_value(app, "--sort", "SUM", "Order of the rows: " + top_sort_names(),
            [flags](const std::string& text) -> std::expected<void, std::string> {
              const auto sort = parse_top_sort(text);
              if (!sort) return std::unexpected("must be one of " + top_sort_names());
              flags->query.sort = *sort;
              return {};
            });
  add_value(app, "--last", "DURATION", "The time to sum over, until now; default 5m",
            duration_reader(flags->last, std::chrono::days{1}));
  add_value(app, "--against", "DURATION", "Compare with so much time before that",
            [flags](const std::string& text) {
              flags->query.compares = true;
              return duration_reader(flags->against, std::chrono::days{1})(text);
            });
  add_value(app, "-n,--count", "N", "Rows to show; default 10",
            number_reader(flags->count, {1, static_cast<std::int64_t>(kRowsOfInstance)}));
  add_switch(app, "--watch", flags->watches, "Draw the table again every two seconds");
  add_filter(app, flags->filter);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return top(*flags, environment); };
}

}  // namespace osproxy::cli
