// osproxyctl rollback REV
#include "osproxy/store/rollback.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/commands/show_progress.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/flags/note_flags.h"
#include "osproxy/cli/print/directive_text.h"
#include "osproxy/cli/print/history_text.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/directive/encode.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::optional<std::int64_t> revision;
  std::optional<std::int64_t> if_revision;
  bool is_dry = false;
  NoteFlags note;
  WaitFlags wait;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl rollback 4811 --dry-run
      Shows what would change, and changes nothing.
  osproxyctl rollback 4811 --reason "INC-2291: too many records"
  osproxyctl rollback 4811 --if-revision 4813
      Only if revision 4813 is still the current one.

Publishes the directives of an earlier revision again, those that are still alive. None lives longer
than it would have then. `osproxyctl history` shows the revisions. A change by others in between is
never lost: the command then fails, and says who has published.

Exit codes: 0 published and applied, 1 the entry cannot be read, or this store keeps no history,
4 others have published in between, 5 not reachable, 6 the history has no such revision, or all its
directives are over, 7 published, but not applied by every instance in time.)";

struct Outcome {
  PreparedRollback prepared;
  std::int64_t revision = 0;  // that was published, or is the current one
  bool is_published = false;
};

/// The change at `revision`, on one line; empty: the history does not know it, or not yet.
std::string describe_revision(HistoryReader& history, std::int64_t revision) {
  const auto entry = history.find(revision);
  return entry && entry->fault.empty() ? describe_change(*entry) : std::string();
}

std::expected<Outcome, Failure> roll_back(const Flags& flags, DirectivePublisher& publisher,
                                          HistoryReader& history, Environment& environment) {
  const auto current = publisher.read();
  if (!current) return std::unexpected(to_failure(current.error()));
  if (flags.if_revision && *flags.if_revision != current->revision) {
    return std::unexpected(to_failure(publish_conflict(
        *flags.if_revision, current->revision, describe_revision(history, current->revision))));
  }
  auto prepared = prepare_rollback(history, *flags.revision, current->bytes,
                                   decode_limits(flags.connection), environment.clock.now().wall);
  if (!prepared) return std::unexpected(to_failure(prepared.error()));
  Outcome outcome{.prepared = *std::move(prepared), .revision = current->revision};
  if (flags.is_dry || outcome.prepared.plan.diff.is_empty()) return outcome;
  const auto published =
      publisher.publish(encode_document(outcome.prepared.plan.document), current->revision,
                        make_note(flags.note, fmt::format("rollback {}", *flags.revision),
                                  environment.variable("USER")));
  if (!published) return std::unexpected(to_failure(published.error()));
  outcome.revision = *published;
  outcome.is_published = true;
  return outcome;
}

void print_text(const Outcome& outcome, const Flags& flags, Environment& environment) {
  const RollbackPlan& plan = outcome.prepared.plan;
  const std::string changes = diff_text(plan.diff);
  if (outcome.is_published) {
    fmt::print(environment.out, "rolled back to revision {} at revision {}: {}\n", *flags.revision,
               outcome.revision, changes);
  } else if (plan.diff.is_empty()) {
    fmt::print(environment.out,
               "nothing to do: revision {} has the directives of revision {} that are alive\n",
               outcome.revision, *flags.revision);
  } else {
    fmt::print(environment.out, "would change at revision {}: {}\n", outcome.revision, changes);
  }
  if (!plan.over.empty()) {
    fmt::print(environment.out,
               "over since, or since when they were on is not known; left out: {}\n",
               join(plan.over));
  }
  fmt::print(environment.out, "{}", document_text(plan.document, environment.clock.now().wall));
}

void print_json(const Outcome& outcome, const std::optional<FleetProgress>& progress,
                std::ostream& out) {
  const RollbackPlan& plan = outcome.prepared.plan;
  JsonWriter json;
  begin_document(json, outcome.revision, plan.document);
  json.field("published", outcome.is_published);
  write_ids(json, "came", plan.diff.came.ids);
  write_ids(json, "went", plan.diff.went.ids);
  write_ids(json, "changed", plan.diff.changed.ids);
  write_ids(json, "over", plan.over);
  write_progress(json, progress);
  json.end_object();
  fmt::print(out, "{}\n", std::move(json).take());
}

std::expected<void, Failure> rollback(const Flags& flags, Environment& environment) {
  const auto history = open_history(flags.connection, environment);
  if (!history) return std::unexpected(history.error());
  const auto publisher = open_publisher(flags.connection, environment);
  if (!publisher) return std::unexpected(publisher.error());
  const auto outcome = roll_back(flags, **publisher, **history, environment);
  if (!outcome) return std::unexpected(outcome.error());
  if (flags.output == Output::Text) print_text(*outcome, flags, environment);
  std::optional<FleetProgress> progress;
  if (outcome->is_published) {
    progress =
        await_applied(flags.wait, flags.connection, outcome->revision, flags.output, environment);
  }
  if (flags.output == Output::Json) print_json(*outcome, progress, environment.out);
  return conclude(progress);
}

}  // namespace

Action add_rollback(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_value(app, "REV", "", "The revision to go back to",
            number_reader(flags->revision, {1, INT64_MAX}))
      .required();
  add_switch(app, "--dry-run", flags->is_dry, "Publish nothing: show what would change");
  add_value(app, "--if-revision", "N", "Publish only if N is still the current revision",
            number_reader(flags->if_revision, {0, INT64_MAX}));
  add_note(app, flags->note);
  add_wait(app, flags->wait);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Either);
  add_history_choice(app, flags->connection);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return rollback(*flags, environment); };
}

}  // namespace osproxy::cli
