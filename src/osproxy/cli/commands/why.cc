// osproxyctl why ID
#include <algorithm>
#include <iterator>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/core/visible_text.h"
#include "osproxy/directive/why_report.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::string request_id;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl why 4bf92f3577b34da6a3ce929d0e0e4736
  osproxyctl why my-request-1 --admin http://proxy-1:9901,http://proxy-2:9901

Shows for each directive whether it recorded the request, and if not, all reasons why. The instance
that served the request remembers it for a while; all instances of --admin are asked. Clients may
reuse an id: all requests with it are shown, first those whose principal is verified or that
OpenSearch accepted.

Exit codes: 0 an instance has seen the request, recorded or not, 5 none has, but some instance is not
reachable, 6 no instance has seen it.)";

/// A line for each directive.
std::string describe(const WhyReport& report) {
  std::string text;
  if (!report.is_by_its_set) {
    text =
        fmt::format("{}; the directives have changed since, so this is what they would do now:\n",
                    report.recorded ? "recorded" : "not recorded");
  }
  if (report.is_cut) {
    text +=
        "the request's names are too long to be remembered whole: that may be the only reason why "
        "a target differs\n";
  }
  for (const WhyReport::OneDirective& directive : report.directives) {
    if (directive.recorded) {
      text += fmt::format("recorded: {}\n", printable(directive.id));
      continue;
    }
    std::vector<std::string> reasons;
    reasons.reserve(directive.reasons.size());
    for (const auto& reason : directive.reasons) reasons.push_back(printable(reason.text));
    text +=
        fmt::format("not recorded: {}: {}\n", printable(directive.id), fmt::join(reasons, "; "));
  }
  if (report.left_out > 0) text += fmt::format("and {} more directives\n", report.left_out);
  return text;
}

// The responses of all instances together.
struct Search {
  std::vector<WhyReport> reports;
  std::vector<std::string> json;  // of each report, as its instance wrote it
  std::vector<std::string> errors;
};

void take_response(Search& search, const AdminInstance& instance, const AdminResult& response) {
  if (!response) {
    search.errors.push_back(response.error());
    return;
  }
  if (error_of(*response).type == "not_found") return;
  auto reports =
      response->status == 200 ? decode_why_reports(response->body) : std::vector<WhyReport>{};
  if (reports.empty()) {
    search.errors.push_back(describe_refusal(instance, *response));
    return;
  }
  std::ranges::move(reports, std::back_inserter(search.reports));
  for (FlatObject& report : flatten_records(response->body)) {
    search.json.push_back(std::move(report.json));
  }
}

/// Tells several requests with one id apart.
std::string heading(const WhyReport& report) {
  std::string text =
      fmt::format("{} at {}", to_string(report.endpoint), format_rfc3339(report.started));
  const auto add = [&text](std::string_view name, const std::string& value) {
    if (!value.empty()) text += fmt::format(", {} {}", name, printable(value));
  };
  add("on", report.instance);
  add("index", report.index);
  add("tenant", report.tenant);
  add("principal", report.principal);
  return text + (report.status == 0 ? ", no response" : fmt::format(", status {}", report.status));
}

void print_text(std::span<const WhyReport> reports, std::ostream& out) {
  if (reports.size() == 1) {
    fmt::print(out, "{}", describe(reports.front()));
    return;
  }
  fmt::print(out, "{} requests have this id\n", reports.size());
  for (const WhyReport& report : reports) {
    fmt::print(out, "\n{}:\n{}", heading(report), describe(report));
  }
}

std::expected<void, Failure> why(const Flags& flags, Environment& environment) {
  const auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  const auto responses = get_from_all(*access, "/admin/why/" + flags.request_id);
  Search search;
  for (std::size_t i = 0; i < responses.size(); ++i) {
    take_response(search, access->instances[i], responses[i]);
  }
  if (!search.reports.empty()) {
    if (flags.output == Output::Json) {
      fmt::print(environment.out, "{}\n", visible_json(join_records(search.json)));
    } else {
      print_text(search.reports, environment.out);
    }
    return {};
  }
  if (!search.errors.empty()) {
    return std::unexpected(
        Failure{ExitCode::Unreachable,
                fmt::format("{} was not seen, but not every instance could be asked: {}",
                            flags.request_id, fmt::join(search.errors, "; "))});
  }
  return std::unexpected(Failure{
      ExitCode::NotFound,
      fmt::format("{} was not seen: another instance served it, it has not ended yet, newer "
                  "requests have replaced it, or no directive was in force",
                  flags.request_id)});
}

}  // namespace

Action add_why(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_request_id(app, flags->request_id);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return why(*flags, environment); };
}

}  // namespace osproxy::cli
