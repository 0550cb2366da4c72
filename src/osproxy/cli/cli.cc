#include "osproxy/cli/cli.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/ostream.h>

#include "osproxy/cli/commands/commands.h"
#include "osproxy/core/version.h"

namespace osproxy::cli {
namespace {

struct CommandRow {
  const char* name;
  const char* description;
  Action (*add)(CLI::App& app);
};

// In the order of a day with it, and of the help.
constexpr CommandRow kCommands[] = {
    {"status", "Show how fresh each instance is, and what is on", add_status},
    {"fleet", "Show which instances have applied the current document", add_fleet},
    {"list", "Show the directives of the published document", add_list},
    {"on", "Add a directive", add_on},
    {"off", "Take directives off", add_off},
    {"publish", "Replace the whole document", add_publish},
    {"watch", "Follow the document in etcd, as an instance does", add_watch},
    {"tail", "Show records as they are made", add_tail},
    {"explain", "Show the record of a request", add_explain},
    {"why", "Say why a request was recorded, or why not", add_why},
    {"sign", "Make the header that has its own request recorded", add_sign},
    {"capture", "Send captured requests again", add_capture},
};

constexpr char kFooter[] = R"(Examples:
  osproxyctl on --tenant acme --endpoint Search --level ShapeTiming --ttl 10m --reason INC-2291
  osproxyctl list --output json
  osproxyctl help on

Where to: --endpoints (etcd) or --admin (an instance's admin listener), or the variables
OSPROXYCTL_ENDPOINTS, OSPROXYCTL_KEY, OSPROXYCTL_ADMIN, OSPROXYCTL_TOKEN. Flags go over variables.

Exit codes: 0 done, 1 failed, 2 wrong usage or setting, 3 document rejected, 4 conflict,
5 not reachable, 6 not found.)";

// The root with its commands. CLI11's callbacks are not used: what is run is run after parsing.
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

 private:
  std::expected<void, Failure> dispatch(Environment& environment);
  std::expected<void, Failure> show_help(std::ostream& out);
  std::string current() const;

  CLI::App root_{"Switch the diagnostics of a fleet of osproxy.", "osproxyctl"};
  std::vector<std::pair<CLI::App*, Action>> actions_;
  CLI::App* help_ = nullptr;
  std::string help_topic_;
};

bool is_command(const std::string& word) {
  return word == "help" ||
         std::ranges::any_of(kCommands, [&](const CommandRow& row) { return word == row.name; });
}

// The flags of a command may also stand before it. All of those that may (`--endpoints`,
// `--output`, …) have a value.
void move_command_first(std::vector<std::string>& arguments) {
  auto it = arguments.begin();
  while (it != arguments.end() && it->starts_with("-")) {
    const bool next_is_value = !it->contains('=') && arguments.end() - it > 1;
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
  return std::unexpected(Failure{ExitCode::Usage, "there is no such command"});
}

std::expected<void, Failure> CommandLine::dispatch(Environment& environment) {
  if (help_->parsed()) return show_help(environment.out);
  for (const auto& [app, action] : actions_) {
    if (app->parsed()) return action(environment);
  }
  return std::unexpected(Failure{ExitCode::Usage, "which command?"});
}

int CommandLine::run(std::vector<std::string> arguments, Environment& environment) {
  std::expected<void, Failure> done;
  try {
    std::ranges::reverse(arguments);  // as CLI11 takes them
    root_.parse(std::move(arguments));
    done = dispatch(environment);
  } catch (const CLI::Success& asked) {  // --help, --version
    return root_.exit(asked, environment.out, environment.err);
  } catch (const CLI::ParseError& error) {
    done = std::unexpected(Failure{ExitCode::Usage, error.what()});
  }
  if (done) {
    environment.out.flush();
    return environment.out ? 0 : static_cast<int>(ExitCode::Failed);
  }
  const Failure& failure = done.error();
  if (!failure.message.empty()) {
    fmt::print(environment.err, "{}: {}\n", current(), failure.message);
  }
  if (failure.code == ExitCode::Usage) {
    fmt::print(environment.err, "See: {} --help\n", current());
  }
  return static_cast<int>(failure.code);
}

}  // namespace

int run(std::vector<std::string> arguments, Environment& environment) {
  move_command_first(arguments);
  if (!arguments.empty() && !arguments.front().starts_with('-') && !is_command(arguments.front())) {
    fmt::print(environment.err,
               "osproxyctl: there is no such command: {}\nSee: osproxyctl --help\n",
               arguments.front());
    return static_cast<int>(ExitCode::Usage);
  }
  return CommandLine().run(std::move(arguments), environment);
}

}  // namespace osproxy::cli
