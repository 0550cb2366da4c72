// osproxyctl history [show REV | diff REV [REV]]
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/directive_text.h"
#include "osproxy/cli/print/history_text.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/store/history_json.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::optional<std::int64_t> count;
  std::optional<std::string> directive;
  std::optional<std::int64_t> revision;
  std::optional<std::int64_t> other;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl history
  osproxyctl history -n 50 --directive acme-search-7f3
  osproxyctl history show 4812
  osproxyctl history diff 4812
      The directives that this change put (+) and took away (-).
  osproxyctl history diff 4790 4812
      The difference of two documents.

Each change of the document has an entry in etcd, also one by etcdctl, whose author is `by hand`.
osproxyctl rollback REV goes back to one.

Exit codes: 0 shown, 1 the entry cannot be read, or this store keeps no history, 5 not reachable,
6 the history has no such revision.)";

/// The document of an entry, for a person.
std::expected<Document, Failure> decode(const HistoryEntry& entry, const DecodeLimits& limits) {
  if (entry.deleted) return Document{};
  if (!entry.document) {
    return std::unexpected(
        Failure{ExitCode::Failed,
                fmt::format("the history does not keep the document of revision {}: it was too "
                            "large",
                            entry.revision)});
  }
  auto document = decode_document(*entry.document, limits);
  if (document) return *std::move(document);
  return std::unexpected(
      Failure{ExitCode::Failed, fmt::format("the document of revision {} is {}", entry.revision,
                                            describe_rejection(document.error()))});
}

std::expected<void, Failure> list(HistoryReader& history, const Flags& flags,
                                  Environment& environment) {
  HistoryQuery query{.directive = flags.directive.value_or("")};
  if (flags.count) query.limit = static_cast<std::size_t>(*flags.count);
  const auto entries = history.list(query);
  if (!entries) return std::unexpected(to_failure(entries.error()));
  if (flags.output == Output::Json) {
    fmt::print(environment.out, "{}\n", history_json(*entries));
    return {};
  }
  fmt::print(environment.out, "{}", history_text(*entries));
  if (entries->has_more) fmt::print(environment.out, "-- there are older ones: give -n --\n");
  return {};
}

std::expected<void, Failure> show(HistoryReader& history, const Flags& flags,
                                  Environment& environment) {
  const auto entry = history.find(*flags.revision);
  if (!entry) return std::unexpected(to_failure(entry.error()));
  if (flags.output == Output::Json) {
    fmt::print(environment.out, "{}\n", entry_json(*entry));
    return {};
  }
  fmt::print(environment.out, "{}", entry_text(*entry));
  if (entry->deleted) return {};
  const auto document = decode(*entry, decode_limits(flags.connection));
  fmt::print(environment.out, "\n{}",
             document ? document_text(*document, environment.clock.now().wall)
                      : document.error().message + "\n");
  return {};
}

std::expected<void, Failure> diff(HistoryReader& history, const Flags& flags,
                                  Environment& environment) {
  const DecodeLimits limits = decode_limits(flags.connection);
  const auto entry = history.find(*flags.revision);
  if (!entry) return std::unexpected(to_failure(entry.error()));
  const std::int64_t other = flags.other.value_or(entry->previous);
  Document second;  // that of revision 0
  if (other > 0) {
    const auto found = history.find(other);
    if (!found) return std::unexpected(to_failure(found.error()));
    auto decoded = decode(*found, limits);
    if (!decoded) return std::unexpected(std::move(decoded).error());
    second = *std::move(decoded);
  }
  auto first = decode(*entry, limits);
  if (!first) return std::unexpected(std::move(first).error());
  // With two revisions the given order counts; with one, the earlier document comes first.
  if (!flags.other) std::swap(*first, second);
  if (flags.output == Output::Json) {
    HistoryEntry change;
    change.diff = diff_documents(*first, second);
    JsonWriter json;
    json.begin_object();
    write_ids(json, "came", change.diff->came.ids);
    write_ids(json, "went", change.diff->went.ids);
    write_ids(json, "changed", change.diff->changed.ids);
    json.end_object();
    fmt::print(environment.out, "{}\n", std::move(json).take());
  } else {
    fmt::print(environment.out, "{}", document_diff_text(*first, second));
  }
  return {};
}

void add_revision(CLI::App& app, const char* name, std::optional<std::int64_t>& into) {
  add_value(app, name, "", "The revision of a change", number_reader(into, {1, INT64_MAX}));
}

}  // namespace

Action add_history(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_value(app, "-n,--count", "N", "How many changes, the newest first (default: 20)",
            number_reader(flags->count, {1, HistoryQuery::kMaxLimit}));
  add_value(app, "--directive", "ID", "Only changes of this directive",
            text_reader(flags->directive, kMaxDirectiveIdBytes));
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Either);
  app.require_subcommand(0, 1);
  app.footer(kExamples);
  CLI::App& of_show = *app.add_subcommand("show", "Show one change, and its document");
  of_show.fallthrough();
  add_revision(of_show, "REV", flags->revision);
  of_show.get_option("REV")->required();
  CLI::App& of_diff = *app.add_subcommand("diff", "Show the difference of two documents");
  of_diff.fallthrough();
  add_revision(of_diff, "REV", flags->revision);
  of_diff.get_option("REV")->required();
  add_revision(of_diff, "OTHER", flags->other);
  return [flags, &of_show, &of_diff](Environment& environment) -> std::expected<void, Failure> {
    const auto history = open_history(flags->connection, environment);
    if (!history) return std::unexpected(history.error());
    if (of_show.parsed()) return show(**history, *flags, environment);
    if (of_diff.parsed()) return diff(**history, *flags, environment);
    return list(**history, *flags, environment);
  };
}

}  // namespace osproxy::cli
