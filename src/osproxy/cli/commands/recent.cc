// osproxyctl recent
#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/ostream.h>

#include "osproxy/cli/admin/admin_client.h"
#include "osproxy/cli/admin/admin_response.h"
#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/filter_flags.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/tail_line.h"
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

Shows the newest requests that were slow (--slow-after of osproxy) or failed (429, 5xx, refused, or
left by their client), the newest last, with no directive published: a line for each as `tail` has
it. With --output json, each line is an explain document. `osproxyctl explain ID` shows one whole.

Exit codes: 0 all instances are shown, 1 the output cannot be written, 5 some instance is not: it is
not reachable, too old, or its flight recorder is off.)";

struct Shown {
  std::vector<RecentRecord> records;
  std::uint64_t left_out = 0;
  std::vector<std::string> errors;
};

Shown read_all(const AdminAccess& access, const std::string& target) {
  Shown shown;
  const auto responses = get_from_all(access, target);
  for (std::size_t i = 0; i < responses.size(); ++i) {
    if (!responses[i]) {
      shown.errors.push_back(responses[i].error());
      continue;
    }
    auto recent = responses[i]->status == 200 ? parse_recent(responses[i]->body) : std::nullopt;
    if (!recent) {
      shown.errors.push_back(describe_refusal(access.instances[i], *responses[i]));
      continue;
    }
    shown.left_out += recent->left_out;
    std::ranges::move(recent->records, std::back_inserter(shown.records));
  }
  return shown;
}

std::expected<void, Failure> recent(const Flags& flags, Environment& environment) {
  const auto access = admin_access(flags.connection, environment);
  if (!access) return std::unexpected(access.error());
  const auto count = static_cast<std::size_t>(flags.count.value_or(20));
  std::string target = "/admin/recent";
  add_parameter(target, "limit", std::to_string(count));
  add_parameters(target, flags.filter);
  Shown shown = read_all(*access, target);
  // RFC 3339 in UTC with equal digits: the order of the texts is that of the times.
  std::ranges::stable_sort(shown.records, {}, &RecentRecord::started);
  const std::size_t first = shown.records.size() - std::min(count, shown.records.size());
  for (std::size_t i = first; i < shown.records.size(); ++i) {
    const RecentRecord& record = shown.records[i];
    const bool is_json = flags.output == Output::Json;
    const auto line = is_json ? std::optional(visible_json(record.json))
                              : tail_line(record.instance, record.json);
    fmt::print(environment.out, "{}\n", line.value_or("a record is malformed"));
  }
  auto& notes = flags.output == Output::Json ? environment.err : environment.out;
  if (shown.records.empty() && shown.errors.size() < access->instances.size()) {
    fmt::print(notes, "no slow or failed request is held that passes the filter\n");
  }
  if (shown.left_out > 0) {
    fmt::print(notes, "-- {} slow or failed requests since the start were left out: too many --\n",
               shown.left_out);
  }
  if (shown.errors.empty()) return {};
  return std::unexpected(instances_missing(shown.errors, environment));
}

}  // namespace

Action add_recent(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_value(app, "-n,--count", "N", "Requests to show; default 20",
            number_reader(flags->count, {1, 1'000}));
  add_filter(app, flags->filter);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Admin);
  app.footer(kExamples);
  return [flags](Environment& environment) { return recent(*flags, environment); };
}

}  // namespace osproxy::cli
