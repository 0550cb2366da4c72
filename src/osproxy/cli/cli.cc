#include "osproxy/cli/cli.h"

#include <algorithm>
#include <array>
#include <memory>
#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/cli/complete.h"
#include "osproxy/cli/print/text.h"
#include "osproxy/cli/print/yaml.h"
#include "osproxy/core/nearest_name.h"
#include "osproxy/core/version.h"

namespace osproxy::cli {
namespace {

// The scripts of `osproxyctl completion` run it. It is not for people, and not in the help.
constexpr char kCompleteCommand[] = "__complete";

struct CommandRow {
  const char* name;
  const char* description;
  Action (*add)(CLI::App& app);
};

// In the order in which an operator needs them, and in which the help lists them.
constexpr CommandRow kCommands[] = {
    {"status", "Show how fresh each instance is and which directives are on", add_status},
    {"fleet", "Show which instances have applied the current document", add_fleet},
    {"list", "Show the directives of the published document", add_list},
    {"on", "Add a directive", add_on},
    {"plan", "Show what a directive would record, without publishing it", add_plan},
    {"off", "Remove directives", add_off},
    {"publish", "Replace the whole document", add_publish},
    {"history", "Show who has changed the document, when and why", add_history},
    {"rollback", "Publish the directives of an earlier revision again", add_rollback},
    {"watch", "Follow the document in etcd, as an instance does", add_watch},
    {"top", "Show who makes the traffic of the last minutes", add_top},
    {"recent", "Show the newest slow and failed requests", add_recent},
    {"tail", "Show records as they are made", add_tail},
    {"inflight", "Show the requests that run now", add_inflight},
    {"explain", "Show the record of a request", add_explain},
    {"why", "Say why a request was recorded, or why not", add_why},
    {"sign", "Make a header that gets its own request recorded", add_sign},
    {"shape", "Hash the shape of a request's body", add_shape},
    {"capture", "Send captured requests again", add_capture},
    {"context", "List the named fleets, and choose one", add_context},
    {"health", "Check that instances are ready, for probes", add_health},
    {"version", "Show the versions of osproxyctl and of the instances", add_version},
    {"completion", "Print the script that completes commands in a shell", add_completion},
    {"token", "Make a token for the admin listener", add_token},
};

constexpr char kFooter[] = R"(Examples:
  osproxyctl on --tenant acme --endpoint Search --level ShapeTiming --ttl 10m --reason INC-2291
  osproxyctl list --output json
  osproxyctl help on

Connect to etcd (--endpoints) or to an instance's admin listener (--admin), or set the variables
OSPROXYCTL_ENDPOINTS, OSPROXYCTL_KEY, OSPROXYCTL_ADMIN, OSPROXYCTL_TOKEN. A flag takes precedence
over a variable, and both over a context.

Exit codes: 0 done, 1 failed, 2 wrong usage or setting, 3 document rejected, 4 conflict,
5 not reachable, 6 not found, 7 not applied by every instance.)";

std::vector<std::string> command_names() {
  std::vector<std::string> names{"help"};
  for (const CommandRow& row : kCommands) names.emplace_back(row.name);
  return names;
}

std::string unknown_command(const std::string& word) {
  return fmt::format("there is no command {}{}", word, did_you_mean(word, command_names()));
}

std::vector<std::string> flag_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

// The innermost command that was given.
const CLI::App* innermost(const CLI::App* app) {
  const auto chosen = app->get_subcommands();
  return chosen.empty() ? app : innermost(chosen.front());
}

// True if the command has `--output yaml`.
bool wants_yaml(const CLI::App& root) {
  const CLI::Option* const output = innermost(&root)->get_option_no_throw("--output");
  return output != nullptr && !output->empty() && output->results().front() == "yaml";
}

// Names the argument that the command does not know: a flag first, since it may be the reason why
// something else is missing. `otherwise` is the message if it knows them all.
std::string unexpected_argument(const CLI::App& root, std::string otherwise) {
  const CLI::App& app = *innermost(&root);
  const auto rest = app.remaining();
  if (rest.empty()) return otherwise;
  const auto is_flag = [](const std::string& text) { return text.starts_with('-'); };
  const auto flag = std::ranges::find_if(rest, is_flag);
  if (flag != rest.end()) {
    const std::string name = flag->substr(0, flag->find('='));
    return fmt::format("there is no flag {}{}", name, did_you_mean(name, flag_names(app)));
  }
  return fmt::format("{} is not expected{}", rest.front(),
                     did_you_mean(rest.front(), subcommand_names(app)));
}

// The root with its commands. CLI11's callbacks are not used: the action runs after parsing.
class CommandLine {
 public:
  CommandLine() {
    root_.set_version_flag("--version", kVersion);
    root_.footer(kFooter);
    root_.require_subcommand(0, 1);
    root_.get_formatter()->column_width(34);
    for (const CommandRow& row : kCommands) {
      CLI::App& app = *root_.add_subcommand(row.name, row.description);
      actions_.emplace_back(&app, row.add(app));
    }
    CLI::App& help = *root_.add_subcommand("help", "Show the help of a command");
    help.add_option("COMMAND", help_topic_, "The command");
    help_ = &help;
  }

  int run(std::vector<std::string> arguments, Environment& environment);

  /// Prints the candidates for the last of `words`, one a line; see complete.h.
  int print_candidates(const std::vector<std::string>& words, Environment& environment);

 private:
  std::expected<void, Failure> dispatch(Environment& environment);
  std::expected<void, Failure> show_help(std::ostream& out);
  std::string current() const;
  int report_lost_output(Environment& environment) const;

  CLI::App root_{"Switch the diagnostics of a fleet of osproxy.", "osproxyctl"};
  std::vector<std::pair<CLI::App*, Action>> actions_;
  CLI::App* help_ = nullptr;
  std::string help_topic_;
};

bool is_shell_word(std::string_view text) {
  const auto is_safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.,:/=@+%").contains(c);
  };
  return std::ranges::all_of(text, is_safe);
}

bool is_command(const std::string& word) { return std::ranges::count(command_names(), word) > 0; }

bool is_switch(std::string_view flag) {
  return flag == "--fleet" || flag == "--verbose" || flag == "--no-wait" || flag == "-v" ||
         flag == "--no-history";
}

// Moves the command in front of its flags, which may stand before it. All flags that may stand
// there (`--endpoints`, `--output`, …) have a value, but for is_switch().
void move_command_first(std::vector<std::string>& arguments) {
  auto it = arguments.begin();
  while (it != arguments.end() && it->starts_with("-")) {
    const bool next_is_value = !it->contains('=') && !is_switch(*it) && arguments.end() - it > 1;
    it += next_is_value ? 2 : 1;
  }
  if (it != arguments.end()) std::rotate(arguments.begin(), it, it + 1);
}

// The command that was given, for messages: "osproxyctl on".
std::string CommandLine::current() const {
  const auto chosen = root_.get_subcommands();
  return chosen.empty() ? "osproxyctl" : "osproxyctl " + chosen.front()->get_name();
}

std::expected<void, Failure> CommandLine::show_help(std::ostream& out) {
  if (help_topic_.empty()) {
    root_.clear();  // else it would show the help of `help`
    fmt::print(out, "{}", root_.help());
    return {};
  }
  for (const auto& [app, action] : actions_) {
    if (app->get_name() == help_topic_) {
      fmt::print(out, "{}", app->help("osproxyctl"));
      return {};
    }
  }
  return std::unexpected(Failure{ExitCode::Usage, unknown_command(help_topic_)});
}

// The same environment with other streams.
Environment with_output(const Environment& environment, std::ostream& out, std::ostream& err) {
  return {.in = environment.in,
          .out = out,
          .err = err,
          .clock = environment.clock,
          .random = environment.random,
          .variable = environment.variable,
          .sleep = environment.sleep,
          .etcd = environment.etcd,
          .is_out_closed = environment.is_out_closed,
          .is_err_terminal = environment.is_err_terminal,
          .stop_on_signal = environment.stop_on_signal};
}

std::expected<void, Failure> CommandLine::dispatch(Environment& environment) {
  if (help_->parsed()) return show_help(environment.out);
  for (const auto& [app, action] : actions_) {
    if (!app->parsed()) continue;
    if (!wants_yaml(root_)) return action(environment);
    YamlOutput yaml(environment.out);
    std::ostream out(&yaml);
    Environment with_yaml = with_output(environment, out, environment.err);
    return action(with_yaml);
  }
  return std::unexpected(Failure{ExitCode::Usage, "a command is missing"});
}

// A reader that has gone, such as `head`, has all that it wants: other tools say nothing then.
int CommandLine::report_lost_output(Environment& environment) const {
  if (!environment.is_out_closed || !environment.is_out_closed()) {
    fmt::print(environment.err, "{}: standard output cannot be written\n", current());
  }
  return static_cast<int>(ExitCode::Failed);
}

int CommandLine::run(std::vector<std::string> arguments, Environment& environment) {
  std::expected<void, Failure> done;
  try {
    std::ranges::reverse(arguments);  // as CLI11 takes them
    root_.parse(std::move(arguments));
    done = dispatch(environment);
  } catch (const CLI::Success& asked) {  // --help, --version
    root_.exit(asked, environment.out, environment.err);
  } catch (const CLI::ParseError& error) {
    done = std::unexpected(Failure{ExitCode::Usage, unexpected_argument(root_, error.what())});
  }
  environment.out.flush();
  if (!environment.out && (done || done.error().message.empty())) {
    return report_lost_output(environment);
  }
  if (done) return 0;
  const Failure& failure = done.error();
  if (!failure.message.empty()) {
    fmt::print(environment.err, "{}: {}\n", current(), printable(failure.message));
  }
  if (failure.code == ExitCode::Usage) {
    fmt::print(environment.err, "See: {} --help\n", current());
  }
  return static_cast<int>(failure.code);
}

int CommandLine::print_candidates(const std::vector<std::string>& words, Environment& environment) {
  const Lookup lookup = [&environment](std::vector<std::string> command) {
    std::ostringstream out;
    std::ostringstream err;  // a shell has no place for messages
    Environment captured = with_output(environment, out, err);
    return CommandLine().run(std::move(command), captured) == 0 ? std::move(out).str()
                                                                : std::string();
  };
  for (const Candidate& candidate : complete(root_, words, lookup)) {
    // A name that needs quotes in a shell is left out: it could end the word, or run a command.
    if (!is_shell_word(candidate.text)) continue;
    fmt::print(environment.out, "{}\t{}\n", candidate.text, printable(candidate.description));
  }
  return static_cast<int>(ExitCode::Done);
}

}  // namespace

int run(std::vector<std::string> arguments, Environment& environment) {
  if (!arguments.empty() && arguments.front() == kCompleteCommand) {
    arguments.erase(arguments.begin());
    return CommandLine().print_candidates(arguments, environment);
  }
  move_command_first(arguments);
  if (!arguments.empty() && !arguments.front().starts_with('-') && !is_command(arguments.front())) {
    fmt::print(environment.err, "osproxyctl: {}\nSee: osproxyctl --help\n",
               printable(unknown_command(arguments.front())));
    return static_cast<int>(ExitCode::Usage);
  }
  return CommandLine().run(std::move(arguments), environment);
}

}  // namespace osproxy::cli
