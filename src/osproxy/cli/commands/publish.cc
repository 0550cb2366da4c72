// osproxyctl publish FILE|-
#include <memory>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/commands/show_progress.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/flags/note_flags.h"
#include "osproxy/cli/print/directive_text.h"
#include "osproxy/cli/run/read_input.h"
#include "osproxy/directive/encode.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
  std::string file;
  std::optional<std::int64_t> if_revision;
  NoteFlags note;
  WaitFlags wait;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl publish directives.json
      Replaces the document. Each ttl_secs becomes an expires_at, counted from now.
  echo '{"directives":[]}' | osproxyctl publish -
      Turns everything off.
  osproxyctl publish directives.json --if-revision 4811
      Only if revision 4811 is still the current one (0: only if there is no document).

Waits until every instance of the fleet has applied it, and says who has not, and why.

Exit codes: 0 published and applied, 3 the document was rejected, 4 --if-revision did not hold,
5 not reachable, 7 published, but not applied by every instance in time.)";

std::expected<void, Failure> publish(const Flags& flags, Environment& environment) {
  const DecodeLimits limits = decode_limits(flags.connection);
  const auto bytes = read_input(flags.file, limits.max_bytes, environment);
  if (!bytes) return std::unexpected(bytes.error());
  const WallTime now = environment.clock.now().wall;
  const auto document = prepare_document(*bytes, limits, now);
  if (!document) {
    Failure failure = to_failure(document.error());
    failure.message.insert(0, input_name(flags.file) + ": ");
    return std::unexpected(std::move(failure));
  }

  const auto publisher = open_publisher(flags.connection, environment);
  if (!publisher) return std::unexpected(publisher.error());
  const auto revision =
      (*publisher)
          ->publish(encode_document(*document), flags.if_revision,
                    make_note(flags.note, "publish", environment.variable("USER")));
  if (!revision) return std::unexpected(to_failure(revision.error()));

  if (flags.output == Output::Text) {
    fmt::print(environment.out, "published revision {}\n{}", *revision,
               document_text(*document, now));
  }
  const auto progress =
      await_applied(flags.wait, flags.connection, *revision, flags.output, environment);
  if (flags.output == Output::Json) {
    JsonWriter json;
    begin_document(json, *revision, *document);
    write_progress(json, progress);
    json.end_object();
    fmt::print(environment.out, "{}\n", std::move(json).take());
  }
  return conclude(progress);
}

}  // namespace

Action add_publish(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_argument(app, "FILE", flags->file, "The document, or - for standard input").required();
  add_value(app, "--if-revision", "N", "Publish only if N is still the current revision",
            number_reader(flags->if_revision, {0, INT64_MAX}));
  add_note(app, flags->note);
  add_wait(app, flags->wait);
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Either);
  add_history_choice(app, flags->connection);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return publish(*flags, environment); };
}

}  // namespace osproxy::cli
