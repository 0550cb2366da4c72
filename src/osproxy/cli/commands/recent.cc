// osproxyctl recent
#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
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
#include "osproxy/cli/print/tail_line.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/visible_text.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  RecordFilter filter;
  std::optional<std::int64_t> count;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl recent
  osproxyctl recent --tenant acme --status 5xx -n 50
  osproxyctl recent --slower 2s --output json | jq .index

Shows the newest requests that were slow (--slow-after of osproxy) or failed (429, 5xx, refused, left
by their client, or a bulk with failed items), the newest last, with no directive published: a line
for each as `tail` has it. With --output json, each line is an explain document, and the instances
that were asked are on standard error. `osproxyctl explain ID` shows one whole.

Exit codes: 0 all instances are shown, 1 the output cannot be written, 5 some instance is not: it is
not reachable, too old, or its flight recorder is off.)";

/// A record with the instance that has sent it.
struct ShownRecord {
  std::string instance;
  RecentRecord record;
};

struct Shown {
  std::vector<ShownRecord> records;
  std::uint64_t left_out = 0;
  AskedInstances asked;
};

std::expected<Recent, std::string> read_recent(const AdminInstance& instance,
                                               const AdminResponse& response) {
  if (response.status != 200) return std::unexpected(describe_refusal(instance, response));
  auto recent = parse_recent(response.body);
  if (!recent)
    return std::unexpected(describe_unusable(instance, "it is no list of records of osproxy"));
  return *std::move(recent);
}

Shown read_all(const AdminAccess& access, const std::string& target) {
  Shown shown{.records = {}, .asked = AskedInstances(access)};
  const auto responses = get_from_all(access, target);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    auto recent = responses[i] ? read_recent(access.instances[i], *responses[i])
                               : std::unexpected(responses[i].error());
    if (!recent) {
      shown.asked.miss(i, recent.error());
      continue;
    }
    if (!shown.asked.show(i, recent->instance)) continue;
    shown.left_out += recent->left_out;
    for (RecentRecord& record : recent->records) {
      shown.records.push_back({.instance = recent->instance, .record = std::move(record)});
    }
  }
  return shown;
}

/// A line for each of the newest records, the newest last. Returns their number.
std::size_t print_records(Shown& shown, std::size_t count, Output output, std::ostream& out) {
  // RFC 3339 in UTC with equal digits: the order of the texts is that of the times.
  std::ranges::stable_sort(shown.records, {},
                           [](const ShownRecord& one) { return one.record.started; });
  const std::size_t first = shown.records.size() - std::min(count, shown.records.size());
  for (std::size_t i = first; i < shown.records.size(); ++i) {
    const auto& [instance, record] = shown.records[i];
    const auto line = output == Output::Json ? std::optional(visible_json(record.json))
                                             : tail_line(instance, record.json);
    fmt::print(out, "{}\n", line.value_or("a record is malformed"));
  }
  return shown.records.size() - first;
}

std::string summary_json(const Shown& shown, std::size_t count) {
  JsonWriter json;
  json.begin_object().field("shown", count).field("left_out", shown.left_out).end_object();
  return shown.asked.add_to(std::move(json).take());
}

std::expected<void, Failure> recent(const Flags& flags, Environment& environment) {
  const auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  const auto count = static_cast<std::size_t>(flags.count.value_or(20));
  std::string target = "/admin/recent";
  add_parameter(target, "limit", std::to_string(count));
  add_parameters(target, flags.filter);
  Shown shown = read_all(*access, target);
  const std::vector<std::string> errors = shown.asked.errors();
  const std::size_t printed = print_records(shown, count, flags.output, environment.out);
  if (flags.output == Output::Json) {
    fmt::print(environment.err, "{}\n", summary_json(shown, printed));
    if (errors.empty()) return {};
    return std::unexpected(Failure{ExitCode::Unreachable, ""});  // the summary has the errors
  }
  if (printed == 0 && errors.size() < access->instances.size()) {
    fmt::print(environment.out, "no slow or failed request is held that passes the filter\n");
  }
  if (shown.left_out > 0) {
    fmt::print(environment.out,
               "-- {} slow or failed requests since the start were left out: too many --\n",
               shown.left_out);
  }
  if (errors.empty()) return {};
  return std::unexpected(instances_missing(errors, environment));
}

}  // namespace

Action add_recent(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_value(app, "-n,--count", "N", "Requests to show; default 20",
            number_reader(flags->count, {1, 1'000}));
  add_filter(app, flags->filter);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return recent(*flags, environment); };
}

}  // namespace osproxy::cli
