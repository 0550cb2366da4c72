// osproxyctl off ID…
#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/commands/count_records.h"
#include "osproxy/cli/commands/show_progress.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/document/edit_document.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/flags/note_flags.h"
#include "osproxy/cli/print/directive_text.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/directive/encode.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::vector<std::string> ids;
  bool all = false;
  bool restart_ttl = false;
  NoteFlags note;
  WaitFlags wait;
};

// The outcome: `off` are the ids taken off on request, `pruned` those that were over anyway.
struct Result {
  std::int64_t revision = 0;
  std::vector<std::string> off;
  std::vector<std::string> pruned;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl off acme-search-7f3
  osproxyctl off acme-search-7f3 acme-bulk-01c --endpoints 127.0.0.1:2379
  osproxyctl off --all
      Works even if the published document is malformed.

Directives that are over are pruned from the document as well. Waits until every instance of the
fleet has applied it, and says who has not, and why.

Exit codes: 0 off and applied, 4 others kept publishing in between, 5 not reachable, 6 there is no
directive with that id (nothing was changed), 7 published, but not applied by every instance in
time.)";

std::vector<std::string> all_ids(const Draft& draft) {
  std::vector<std::string> ids = draft.pruned;
  for (const Directive& directive : draft.document.directives) ids.push_back(directive.id);
  std::ranges::sort(ids);
  return ids;
}

// Takes off all of the sorted `ids` or none. A pruned one is off already and is reported as taken
// off.
std::expected<void, Failure> take_off(const std::vector<std::string>& ids, Draft& draft) {
  const std::vector<std::string> known = all_ids(draft);
  std::vector<std::string> unknown;
  for (const std::string& id : ids) {
    if (!std::ranges::binary_search(known, id)) unknown.push_back(id);
  }
  if (!unknown.empty()) {
    return std::unexpected(
        Failure{ExitCode::NotFound,
                fmt::format("no directive {}; nothing was changed. {}", join(unknown),
                            known.empty() ? "There are none" : "There are: " + join(known))});
  }
  const auto asked = [&ids](const std::string& id) { return std::ranges::binary_search(ids, id); };
  std::erase_if(draft.document.directives, [&](const Directive& d) { return asked(d.id); });
  std::erase_if(draft.pruned, asked);
  return {};
}

std::expected<Result, Failure> take_off_some(DirectivePublisher& publisher, const Flags& flags,
                                             Environment& environment) {
  const EditOptions options{.limits = decode_limits(flags.connection),
                            .restart_ttl = flags.restart_ttl,
                            .note = make_note(flags.note, "off", environment.variable("USER"))};
  std::vector<std::string> ids = flags.ids;
  std::ranges::sort(ids);
  ids.erase(std::ranges::unique(ids).begin(), ids.end());
  auto edited = edit_document(publisher, options, environment,
                              [&ids](Draft& draft) { return take_off(ids, draft); });
  if (!edited) return std::unexpected(std::move(edited).error());
  return Result{.revision = edited->revision,
                .off = std::move(ids),
                .pruned = std::move(edited->draft.pruned)};
}

// Unlike take_off_some(), works with a malformed document and ignores what others publish in
// between: all directives are to be off.
std::expected<Result, Failure> take_off_all(DirectivePublisher& publisher,
                                            const DecodeLimits& limits, const ChangeNote& note) {
  Result result;
  const auto published = publisher.read();
  if (!published) return std::unexpected(to_failure(published.error()));
  if (const auto document = decode_published(*published, limits)) {
    for (const Directive& directive : document->directives) result.off.push_back(directive.id);
  }
  const auto revision = publisher.publish(encode_document(Document{}), std::nullopt, note);
  if (!revision) return std::unexpected(to_failure(revision.error()));
  result.revision = *revision;
  return result;
}

void print_text(const Result& result, std::ostream& out) {
  if (result.off.empty()) {
    fmt::print(out, "everything is off at revision {}\n", result.revision);
  } else {
    fmt::print(out, "off at revision {}: {}\n", result.revision, join(result.off));
  }
  print_pruned(result.pruned, out);
}

void print_json(const Result& result, const RecordCount& count,
                const std::optional<FleetProgress>& progress, std::ostream& out) {
  JsonWriter json;
  json.begin_object().field("revision", result.revision);
  write_ids(json, "off", result.off);
  write_ids(json, "pruned", result.pruned);
  json.key("recorded").value(count.asked > 0 ? std::optional(count.recorded) : std::nullopt);
  json.field("not_asked", count.missing);
  write_progress(json, progress);
  json.end_object();
  fmt::print(out, "{}\n", std::move(json).take());
}

std::expected<void, Failure> off(const Flags& flags, Environment& environment) {
  if (flags.all == !flags.ids.empty()) {
    return std::unexpected(
        Failure{ExitCode::Usage, "give the ids of the directives to take off, or --all"});
  }
  const auto publisher = open_publisher(flags.connection, environment);
  if (!publisher) return std::unexpected(publisher.error());
  const RecordCount count = count_records(flags.ids, flags.connection, environment);
  const auto result =
      flags.all ? take_off_all(**publisher, decode_limits(flags.connection),
                               make_note(flags.note, "off --all", environment.variable("USER")))
                : take_off_some(**publisher, flags, environment);
  if (!result) return std::unexpected(result.error());
  if (flags.output == Output::Text) print_text(*result, environment.out);
  const auto progress =
      await_applied(flags.wait, flags.connection, result->revision, flags.output, environment);
  if (flags.output == Output::Json) {
    print_json(*result, count, progress, environment.out);
  } else {
    print_count(count, environment);
  }
  return conclude(progress);
}

}  // namespace

Action add_off(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_argument(app, "ID", flags->ids, "The directives to take off");
  add_switch(app, "--all", flags->all, "Take off every directive");
  add_restart_ttl(app, flags->restart_ttl);
  add_note(app, flags->note);
  add_wait(app, flags->wait);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Either);
  add_fleet_choice(app, flags->connection);
  add_history_choice(app, flags->connection);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return off(*flags, environment); };
}

}  // namespace osproxy::cli
