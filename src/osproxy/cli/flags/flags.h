// Adds the flags and arguments of commands, and reads their values strictly: whole numbers,
// durations, names. An error says which flag is wrong and what is right. CLI11's conversions are
// not used, because they accept more (hex, octal, suffixes).
//
// A command includes this header instead of CLI11's, which takes six seconds to compile, in each
// file that includes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace osproxy::cli {

/// A flag or an argument of a command. A handle: it may be copied, and the command outlives it.
class Flag {
 public:
  explicit Flag(CLI::Option& option) : option_(&option) {}

  /// The command is wrong without it.
  Flag required() const;
  /// The help lists it under `heading`.
  Flag group(const std::string& heading) const;

 private:
  CLI::Option* option_;
};

/// Stores a flag's text, or says in a clause what is right ("must be a number from 0 to 9").
using Reader = std::function<std::expected<void, std::string>(const std::string& text)>;

/// Adds a flag with one value, which may be given once. `names` is in CLI11's format
/// ("-n,--count"), `value` is shown by the help ("DURATION"). What `read` stores into must outlive
/// `app`.
Flag add_value(CLI::App& app, const std::string& names, const std::string& value,
               const std::string& description, Reader read);

/// Adds a flag with one value that may be given repeatedly.
Flag add_values(CLI::App& app, const std::string& names, const std::string& value,
                const std::string& description, std::vector<std::string>& into);

/// Adds a flag without a value.
Flag add_switch(CLI::App& app, const std::string& names, bool& into,
                const std::string& description);

/// Adds an argument: one word, or any number of words.
Flag add_argument(CLI::App& app, const std::string& name, std::string& into,
                  const std::string& description);
Flag add_argument(CLI::App& app, const std::string& name, std::vector<std::string>& into,
                  const std::string& description);

/// Adds a command below `app`, which owns it.
CLI::App& add_subcommand(CLI::App& app, const std::string& name, const std::string& description);

/// `app` is wrong without one of its subcommands.
void require_subcommand(CLI::App& app);

/// True if the command line has the command.
bool is_given(const CLI::App& app);

/// Sets what follows the flags in the help: examples, then what else there is to say.
void set_examples(CLI::App& app, const std::string& text);

/// Reads a non-empty text of at most `max_bytes` into `into`.
Reader text_reader(std::optional<std::string>& into, std::size_t max_bytes);

/// Reads a duration like `1h30m`, greater than zero and at most `max`, into `into`.
Reader duration_reader(std::optional<std::chrono::milliseconds>& into,
                       std::chrono::milliseconds max);

/// A whole decimal number in [min, max].
struct Range {
  std::int64_t min;
  std::int64_t max;
};
Reader number_reader(std::optional<std::int64_t>& into, Range range);

/// Level's enumerators (directive/model.h), for names().
inline constexpr std::size_t kLevelCount = 4;

/// The names of an enum's first `count` values, for an error or a help text.
template <class Enum>
std::string names(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text.append(i == 0 ? "" : " ").append(to_string(static_cast<Enum>(i)));
  }
  return text;
}

/// Splits a comma-separated list; an empty piece is an error.
std::expected<std::vector<std::string>, std::string> split_list(std::string_view text);

/// Adds the argument ID, a request id; a malformed one is a usage error.
void add_request_id(CLI::App& app, std::string& request_id);

enum class Output : std::uint8_t { Text, Json };

/// Adds `--output text|json|yaml`. With `yaml` a command prints JSON, which cli.cc turns into YAML.
void add_output(CLI::App& app, Output& output);

/// How long a command that publishes waits for the fleet; see await_fleet.h.
struct WaitFlags {
  std::optional<std::chrono::milliseconds> wait;  ///< none: the default
  bool no_wait = false;
};

/// Adds `--wait` and `--no-wait`.
void add_wait(CLI::App& app, WaitFlags& flags);

/// Adds `--restart-ttl`; see edit_document.h.
void add_restart_ttl(CLI::App& app, bool& restart_ttl);

}  // namespace osproxy::cli
