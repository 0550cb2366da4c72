// osproxyctl context list|use
#include <memory>
#include <utility>

#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/connection/contexts.h"
#include "osproxy/cli/flags/flags.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/nearest_name.h"

namespace osproxy::cli {
namespace {

struct Flags {
  Output output = Output::Text;
  std::string name;
};

constexpr char kExamples[] = R"(Examples:
  osproxyctl context list
  osproxyctl context use prod
  osproxyctl --context staging status

A context is a table of ~/.config/osproxyctl/config.toml, with the names of flags:
  [prod]
  endpoints = ["https://etcd-1:2379", "https://etcd-2:2379"]
  etcd-ca-file = "~/prod/ca.pem"
  token-file = "~/prod/token"
  fleet = true

Exit codes: 0 done, 1 the choice cannot be written, 2 a bad file, 6 there is no such context.)";

// The name that takes part in the current connection comes from the environment first.
std::string current_of(const Contexts& contexts, const Environment& environment) {
  const std::string named = environment.variable("OSPROXYCTL_CONTEXT").value_or("");
  return named.empty() ? contexts.current : named;
}

std::string target_of(const Context& context) {
  for (const char* const name : {"endpoints", "admin"}) {
    const auto value = context.values.find(name);
    if (value != context.values.end()) return value->second;
  }
  return "-";
}

void print_json(const Contexts& contexts, const std::string& current, std::ostream& out) {
  JsonWriter json;
  json.begin_object().field_or_null("current", current).key("contexts").begin_array();
  for (const Context& context : contexts.contexts) {
    json.begin_object().field("name", context.name);
    for (const auto& [name, value] : context.values) json.field(name, value);
    json.end_object();
  }
  json.end_array().end_object();
  fmt::print(out, "{}\n", std::move(json).take());
}

std::expected<void, Failure> list(const Flags& flags, Environment& environment) {
  const auto contexts = read_contexts(environment);
  if (!contexts) return std::unexpected(contexts.error());
  const std::string current = current_of(*contexts, environment);
  if (flags.output == Output::Json) {
    print_json(*contexts, current, environment.out);
    return {};
  }
  if (contexts->contexts.empty()) {
    fmt::print(environment.out, "no contexts: there is none in {}\n", printable(contexts->path));
    return {};
  }
  std::vector<std::vector<std::string>> rows{{"CURRENT", "NAME", "TARGET"}};
  for (const Context& context : contexts->contexts) {
    rows.push_back({context.name == current ? "*" : "", context.name, target_of(context)});
  }
  fmt::print(environment.out, "{}", format_table(rows));
  return {};
}

std::expected<void, Failure> use(const Flags& flags, Environment& environment) {
  const auto contexts = read_contexts(environment);
  if (!contexts) return std::unexpected(contexts.error());
  if (contexts->find(flags.name) == nullptr) {
    return std::unexpected(
        Failure{ExitCode::NotFound,
                fmt::format("there is no context {} in {}{}", flags.name, contexts->path,
                            did_you_mean(flags.name, contexts->names()))});
  }
  if (auto used = use_context(*contexts, flags.name); !used) return used;
  fmt::print(environment.out, "commands use the context {} from now on\n", printable(flags.name));
  return {};
}

}  // namespace

Action add_context(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  require_subcommand(app);
  set_examples(app, kExamples);
  CLI::App& of_list = add_subcommand(app, "list", "Show the contexts, and which one is current");
  add_output(of_list, flags->output);
  CLI::App& of_use = add_subcommand(app, "use", "Make a context the current one");
  add_argument(of_use, "NAME", flags->name, "The context").required();
  return [flags, &of_use](Environment& environment) {
    return is_given(of_use) ? use(*flags, environment) : list(*flags, environment);
  };
}

}  // namespace osproxy::cli
