// osproxyctl list
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/ostream.h>

#include "osproxy/cli/commands.h"
#include "osproxy/cli/connection.h"
#include "osproxy/cli/directive_text.h"
#include "osproxy/cli/edit_document.h"
#include "osproxy/cli/flags.h"

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

Exit codes: 0 listed, 3 what is published is malformed, 5 not reachable.)";

std::expected<void, Failure> list(const Flags& flags, Environment& environment) {
  const auto publisher = open_publisher(flags.connection, environment);
  if (!publisher) return std::unexpected(publisher.error());
  const auto published = (*publisher)->read();
  if (!published) return std::unexpected(to_failure(published.error()));
  const auto document = decode_published(*published, decode_limits(flags.connection));
  if (!document) return std::unexpected(document.error());

  if (flags.output == Output::Json) {
    fmt::print(environment.out, "{}\n", document_json(published->revision, *document));
  } else {
    fmt::print(environment.out, "revision {}\n{}", published->revision,
               document_text(*document, environment.clock.now().wall));
  }
  return {};
}

}  // namespace

Action add_list(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  add_output(app, flags->output);
  add_connection(app, flags->connection, Reach::Either);
  app.footer(kExamples);
  return [flags](Environment& environment) { return list(*flags, environment); };
}

}  // namespace osproxy::cli
