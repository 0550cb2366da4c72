// osproxyctl on
#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/commands/show_plan.h"
#include "osproxy/cli/commands/show_progress.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/document/edit_document.h"
#include "osproxy/cli/document/make_directive_id.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/flags/note_flags.h"
#include "osproxy/cli/flags/target_flags.h"
#include "osproxy/cli/print/directive_text.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/encode.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  Directive directive;  // all but the end, id and author
  bool all = false;
  std::optional<std::string> id;
  std::optional<std::chrono::milliseconds> ttl;
  std::optional<WallTime> expires_at;
  std::optional<std::int64_t> sample_per_mille;
  std::optional<std::int64_t> max_records;
  std::optional<std::int64_t> min_failed_items;
  std::optional<std::string> author;
  bool restart_ttl = false;
  bool is_planned = false;
  WaitFlags wait;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl on --tenant acme --endpoint Search --level ShapeTiming --ttl 10m --reason INC-2291
  osproxyctl on --client 10.0.0.0/8 --agent opensearch-py --level Shape --ttl 10m
  osproxyctl on --index orders --level Shape --ttl 1h --min-latency 1s --ring-buffer
  osproxyctl on --all --level Shape --ttl 5m --sample-per-mille 10 --status 5xx
  osproxyctl on --endpoint Search --shape 2d2814f85dcdeda6 --level ShapeTiming --ttl 30m
  osproxyctl on --endpoint IngestBulk --min-failed-items 1 --level Shape --ttl 30m
  osproxyctl on --tenant acme --level Shape --expires-at 2026-11-24T18:00:00Z --id acme-evening

Adds one directive to the document and does not change the others, except that those that are over
are pruned. Names are compared exactly; --index also selects requests whose wildcard covers it.

Before it publishes, it prints in one line what the instances would have recorded in the last
minutes (see osproxyctl help plan): the one of --admin, or with --endpoints those of the fleet. It
waits for that no longer than a second. A token goes to the fleet only with --fleet.

After it, it waits until every instance of the fleet has applied it, and says who has not, and why.

Exit codes: 0 published and applied, 1 the id is taken, 3 rejected, 4 others kept publishing in
between, 5 not reachable, 7 published, but not applied by every instance in time.)";

constexpr char kPlanExamples[] = R"(Examples:
  osproxyctl plan --tenant acme --endpoint Search --level ShapeTiming --ttl 10m
  osproxyctl plan --all --level Shape --ttl 1h --status 5xx --admin http://proxy-1:9901,http://proxy-2:9901

Takes the flags of `on`, publishes nothing, and shows what the directive would have recorded in the
last five minutes, by the samples of the flight recorder of all instances of --admin. A number with
± is an estimate. Indices that only a body names count as not matched.

Exit codes: 0 all instances were asked, 5 some instance was not: it is not reachable, too old, or
its flight recorder is off.)";

std::expected<void, std::string> read_level(const std::string& text, Level& into) {
  const auto level = parse_level(text);
  if (!level) return std::unexpected("must be one of: " + names<Level>(kLevelCount));
  into = *level;
  return {};
}

std::expected<void, std::string> read_expires_at(const std::string& text,
                                                 std::optional<WallTime>& into) {
  into = parse_rfc3339_utc(text);
  if (into) return {};
  return std::unexpected("must be a time in UTC, such as 2026-11-24T18:00:00Z");
}

std::expected<void, std::string> read_shape(const std::string& text,
                                            std::optional<std::uint64_t>& into) {
  into = from_hex16(text);
  if (into) return {};
  return std::unexpected("must be 16 lower-case hex digits, as in a record's shape");
}

void add_recording(CLI::App& app, Flags& flags) {
  Directive& directive = flags.directive;
  add_value(app, "--level", "LEVEL", "How much to record: " + names<Level>(kLevelCount),
            [&directive](const std::string& text) { return read_level(text, directive.level); })
      .required();
  add_value(app, "--ttl", "DURATION", "How long it lives, from now",
            duration_reader(flags.ttl, std::chrono::days{366}));
  add_value(app, "--expires-at", "TIME", "When it ends, instead of --ttl",
            [&flags](const std::string& text) { return read_expires_at(text, flags.expires_at); });
  add_value(app, "--sample-per-mille", "N", "Record N of a thousand requests (default: 1000)",
            number_reader(flags.sample_per_mille, {0, 1000}));
  add_value(app, "--min-latency", "DURATION", "Only requests that took at least this long",
            duration_reader(directive.min_latency, std::chrono::days{1}));
  add_value(app, "--status", "CODE", "Only responses of this class or code: 5xx, 429",
            status_reader(directive.status));
  add_value(app, "--shape", "HASH", "Only bodies of this shape (osproxyctl shape FILE)",
            [&directive](const std::string& text) { return read_shape(text, directive.shape); });
  add_value(app, "--min-failed-items", "N", "Only bulks and the like with so many failed items",
            number_reader(flags.min_failed_items, {1, INT64_MAX}));
  add_value(app, "--max-records", "N", "Stop after N records on each instance",
            number_reader(flags.max_records, {1, INT64_MAX}));
  add_switch(app, "--ring-buffer", directive.ring_buffer,
             "Also keep records in the break-glass ring");
  add_switch(app, "--capture", directive.capture,
             "Also capture the whole exchange, bodies included");
}

void add_account(CLI::App& app, Flags& flags) {
  add_value(app, "--reason", "TEXT", "Reason, for others to read",
            text_reader(flags.directive.reason, kMaxFreeTextBytes));
  add_value(app, "--author", "NAME", "Author (default: $USER)",
            text_reader(flags.author, kMaxFreeTextBytes));
  add_value(app, "--id", "ID", "Id (default: made from the target)",
            text_reader(flags.id, kMaxDirectiveIdBytes));
  add_restart_ttl(app, flags.restart_ttl);
}

Failure usage(std::string message) { return {ExitCode::Usage, std::move(message)}; }

// The end, in whole milliseconds: precise enough, and short to read.
std::expected<WallTime, Failure> find_end(const Flags& flags, const DecodeLimits& limits,
                                          WallTime now) {
  if (flags.ttl.has_value() == flags.expires_at.has_value()) {
    return std::unexpected(usage("give the end, either --ttl or --expires-at"));
  }
  const std::string name = flags.ttl ? "--ttl" : "--expires-at";
  const WallTime end = flags.ttl ? std::chrono::floor<std::chrono::milliseconds>(now + *flags.ttl)
                                 : *flags.expires_at;
  if (end <= now) return std::unexpected(usage(name + ": that is over already"));
  if (end > now + limits.max_life) {
    return std::unexpected(usage(fmt::format("{}: no directive may live longer than {}", name,
                                             format_duration(limits.max_life))));
  }
  return end;
}

std::expected<Directive, Failure> make_directive(const Flags& flags,
                                                 const Environment& environment) {
  Directive directive = flags.directive;
  const bool has_target = directive.target != Target{};
  if (has_target && flags.all) return std::unexpected(usage("--all excludes a target"));
  if (!has_target && !flags.all) {
    return std::unexpected(
        usage("give a target (--tenant, --index, --principal, --endpoint, --client, --agent, "
              "--opaque-id), or --all"));
  }
  const auto end = find_end(flags, decode_limits(flags.connection), environment.clock.now().wall);
  if (!end) return std::unexpected(end.error());
  directive.end = *end;
  directive.sample_per_mille = static_cast<int>(flags.sample_per_mille.value_or(1000));
  if (flags.max_records) directive.max_records = static_cast<std::uint64_t>(*flags.max_records);
  if (flags.min_failed_items) {
    directive.min_failed_items = static_cast<std::uint64_t>(*flags.min_failed_items);
  }
  directive.author = flags.author ? flags.author : environment.variable("USER");
  const std::size_t author_size = directive.author.value_or("").size();
  if (author_size == 0 || author_size > kMaxFreeTextBytes) directive.author.reset();
  return directive;
}

// Decodes the directive before it is sent, as an instance would: the decoder refuses control
// characters, and text that is not UTF-8 comes back changed.
std::expected<void, Failure> check(Directive directive, const Flags& flags) {
  directive.id = flags.id.value_or("unnamed");
  const Document document{.directives = {std::move(directive)}};
  const auto decoded = decode_document(encode_document(document), decode_limits(flags.connection));
  if (!decoded) {
    const std::string& where = decoded.error().where;
    return std::unexpected(usage(fmt::format("--{}: {}", where.substr(where.rfind('.') + 1),
                                             to_string(decoded.error().fault))));
  }
  if (*decoded != document) return std::unexpected(usage("a flag's text is not UTF-8"));
  return {};
}

// Gives `directive` its id and adds it.
std::expected<void, Failure> add_to(Draft& draft, Directive& directive, const Flags& flags,
                                    Random& random) {
  auto& directives = draft.document.directives;
  const auto taken = [&directives](std::string_view id) {
    return std::ranges::find(directives, id, &Directive::id) != directives.end();
  };
  if (flags.id && taken(*flags.id)) {
    return std::unexpected(Failure{
        ExitCode::Failed, fmt::format("{} is on already; take it off first, or choose another --id",
                                      printable(*flags.id))});
  }
  directive.id = flags.id ? *flags.id : make_directive_id(directive.target, random, taken);
  directives.push_back(directive);
  return {};
}

void print_json(const Edited& edited, const Directive& directive,
                const std::optional<FleetProgress>& progress, std::ostream& out) {
  JsonWriter json;
  json.begin_object().field("revision", edited.revision).field("id", directive.id);
  json.field("expires_at", format_rfc3339(std::get<AbsoluteEnd>(directive.end)));
  json.key("directive").raw(encode_directive(directive));
  write_ids(json, "pruned", edited.draft.pruned);
  write_progress(json, progress);
  json.end_object();
  fmt::print(out, "{}\n", std::move(json).take());
}

void print_text(const Edited& edited, const Directive& directive, Environment& environment) {
  const WallTime end = std::get<AbsoluteEnd>(directive.end);
  fmt::print(environment.out, "published {} at revision {}, expires {} ({})\n",
             printable(directive.id), edited.revision, format_rfc3339(end),
             format_remaining(end, environment.clock.now().wall));
  print_pruned(edited.draft.pruned, environment.out);
}

/// For a plan, any id will do.
Directive planned(Directive directive, const Flags& flags) {
  directive.id = flags.id.value_or("planned");
  return directive;
}

std::expected<void, Failure> on(const Flags& flags, Environment& environment) {
  auto directive = make_directive(flags, environment);
  if (!directive) return std::unexpected(std::move(directive).error());
  if (auto good = check(*directive, flags); !good) return std::unexpected(good.error());
  const auto publisher = open_publisher(flags.connection, environment);
  if (!publisher) return std::unexpected(publisher.error());

  if (flags.output == Output::Text)
    print_plan_line(planned(*directive, flags), flags.connection, environment);

  const EditOptions options{
      .limits = decode_limits(flags.connection),
      .restart_ttl = flags.restart_ttl,
      .note = make_note({.author = directive->author, .reason = directive->reason}, "on",
                        std::nullopt)};
  const auto edited = edit_document(**publisher, options, environment, [&](Draft& draft) {
    return add_to(draft, *directive, flags, environment.random);
  });
  if (!edited) return std::unexpected(edited.error());
  if (flags.output == Output::Text) print_text(*edited, *directive, environment);
  const auto progress =
      await_applied(flags.wait, flags.connection, edited->revision, flags.output, environment);
  if (flags.output == Output::Json) print_json(*edited, *directive, progress, environment.out);
  return conclude(progress);
}

std::expected<void, Failure> plan(const Flags& flags, Environment& environment) {
  auto directive = make_directive(flags, environment);
  if (!directive) return std::unexpected(std::move(directive).error());
  if (auto good = check(*directive, flags); !good) return std::unexpected(good.error());
  return show_plan(planned(*directive, flags), flags.connection, flags.output, environment);
}

std::shared_ptr<Flags> add_flags(CLI::App& app, Reach reach) {
  auto flags = std::make_shared<Flags>();
  add_target(app, flags->directive.target);
  add_switch(app, "--principal-verified", flags->directive.target.principal_verified,
             "Only requests whose principal is verified, not only claimed")
      .group("Target");
  add_switch(app, "--all", flags->all, "Every request (instead of a target)").group("Target");
  add_recording(app, *flags);
  add_account(app, *flags);
  add_output(app, flags->output);
  add_connection(app, flags->connection, reach);
  return flags;
}

}  // namespace

Action add_on(CLI::App& app) {
  const auto flags = add_flags(app, Reach::Either);
  add_switch(app, "--dry-run", flags->is_planned,
             "Publish nothing: show what it would have recorded, as `plan` does");
  add_wait(app, flags->wait);
  add_fleet_choice(app, flags->connection);
  add_history_choice(app, flags->connection);
  set_examples(app, kExamples);
  return [flags](Environment& environment) {
    return flags->is_planned ? plan(*flags, environment) : on(*flags, environment);
  };
}

Action add_plan(CLI::App& app) {
  const auto flags = add_flags(app, Reach::Admin);
  set_examples(app, kPlanExamples);
  return [flags](Environment& environment) { return plan(*flags, environment); };
}

}  // namespace osproxy::cli
