// osproxyctl list
#include <memory>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/connection.h"
#include "osproxy/cli/document/edit_document.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/directive_text.h"
#include "osproxy/cli/print/text.h"

namespace osproxy::cli {
namespace {

struct Flags {
  ConnectionFlags connection;
  Output output = Output::Text;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl list --endpoints 127.0.0.1:2379
  osproxyctl list --output json | jq -r '.directives[].id'
  osproxyctl list --output json | jq '{directives}' > backup.json
  osproxyctl list --output json | jq '.thinned[] | {id, instance, reason}'

Below the table are the thinned directives, with their instances. A thinned directive asks for more
records than its budget; that instance leaves out and counts those beyond it.

Exit codes: 0 listed, 3 the published document is malformed, 5 not reachable.)";

// The directives of `document` that are thinned, with their instances; or why that is unknown.
std::expected<std::vector<ThinnedAt>, std::string> find_thinned(const ConnectionFlags& flags,
                                                                const Document& document,
                                                                const Environment& environment) {
  const auto reader = open_fleet(flags, environment);
  if (!reader) return std::unexpected(reader.error().message);
  const auto fleet = (*reader)->read();
  if (!fleet) return std::unexpected(fleet.error());
  std::vector<ThinnedAt> found;
  for (const Directive& directive : document.directives) {
    for (const FleetMember& member : fleet->members) {
      if (!member.ack) continue;
      for (const InstanceAck::Thinned& thinned : member.ack->thinned) {
        if (thinned.id == directive.id) found.push_back({member.instance, thinned});
      }
    }
  }
  return found;
}

std::expected<void, Failure> list(const Flags& flags, Environment& environment) {
  const auto publisher = open_publisher(flags.connection, environment);
  if (!publisher) return std::unexpected(publisher.error());
  const auto published = (*publisher)->read();
  if (!published) return std::unexpected(to_failure(published.error()));
  const auto document = decode_published(*published, decode_limits(flags.connection));
  if (!document) return std::unexpected(document.error());

  const auto thinned = find_thinned(flags.connection, *document, environment);
  if (!thinned) {
    fmt::print(environment.err, "osproxyctl list: the thinned directives are not known: {}\n",
               printable(thinned.error()));
  }
  const std::vector<ThinnedAt>* const known = thinned ? &*thinned : nullptr;
  if (flags.output == Output::Json) {
    fmt::print(environment.out, "{}\n", listing_json(published->revision, *document, known));
  } else {
    fmt::print(environment.out, "revision {}\n{}", published->revision,
               document_text(*document, environment.clock.now().wall));
    if (known != nullptr) fmt::print(environment.out, "{}", thinned_text(*known));
  }
  return {};
}

}  // namespace

Action add_list(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Either);
  set_examples(app, kExamples);
  return [flags](Environment& environment) { return list(*flags, environment); };
}

}  // namespace osproxy::cli
