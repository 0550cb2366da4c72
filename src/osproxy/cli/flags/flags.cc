#include "osproxy/cli/flags/flags.h"

#include <charconv>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "osproxy/core/duration.h"
#include "osproxy/core/ids.h"

namespace osproxy::cli {

Flag Flag::required() const {
  option_->required();
  return *this;
}

Flag Flag::group(const std::string& heading) const {
  option_->group(heading);
  return *this;
}

Flag add_value(CLI::App& app, const std::string& names, const std::string& value,
               const std::string& description, Reader read) {
  const std::string name = names.substr(names.rfind(',') + 1);  // the long one
  const auto adapt = [name, read = std::move(read)](const std::string& text) {
    if (auto done = read(text); !done) throw CLI::ValidationError(name, std::move(done).error());
  };
  return Flag(*app.add_option_function<std::string>(names, adapt, description)->type_name(value));
}

Flag add_values(CLI::App& app, const std::string& names, const std::string& value,
                const std::string& description, std::vector<std::string>& into) {
  return Flag(*app.add_option(names, into, description)->type_name(value)->allow_extra_args(false));
}

Flag add_switch(CLI::App& app, const std::string& names, bool& into,
                const std::string& description) {
  return Flag(*app.add_flag(names, into, description));
}

Flag add_argument(CLI::App& app, const std::string& name, std::string& into,
                  const std::string& description) {
  return Flag(*app.add_option(name, into, description));
}

Flag add_argument(CLI::App& app, const std::string& name, std::vector<std::string>& into,
                  const std::string& description) {
  return Flag(*app.add_option(name, into, description));
}

CLI::App& add_subcommand(CLI::App& app, const std::string& name, const std::string& description) {
  return *app.add_subcommand(name, description);
}

void require_subcommand(CLI::App& app) { app.require_subcommand(1); }

bool is_given(const CLI::App& app) { return app.parsed(); }

void set_examples(CLI::App& app, const std::string& text) { app.footer(text); }

Reader text_reader(std::optional<std::string>& into, std::size_t max_bytes) {
  return [&into, max_bytes](const std::string& text) -> std::expected<void, std::string> {
    if (text.empty()) return std::unexpected("must not be empty");
    if (text.size() > max_bytes) {
      return std::unexpected(fmt::format("must be at most {} bytes long", max_bytes));
    }
    into = text;
    return {};
  };
}

Reader duration_reader(std::optional<std::chrono::milliseconds>& into,
                       std::chrono::milliseconds max) {
  return [&into, max](const std::string& text) -> std::expected<void, std::string> {
    const auto duration = parse_duration(text);
    if (!duration) {
      return std::unexpected(
          fmt::format("must be a duration, such as 250ms, 10s, 5m or 1h30m, of at most {}",
                      format_duration(max)));
    }
    if (duration->count() == 0) return std::unexpected("must be longer than zero");
    if (*duration > max) {
      return std::unexpected(fmt::format("must be at most {}", format_duration(max)));
    }
    into = *duration;
    return {};
  };
}

Reader number_reader(std::optional<std::int64_t>& into, Range range) {
  return [&into, range](const std::string& text) -> std::expected<void, std::string> {
    std::int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || rest != end || number < range.min || number > range.max) {
      return std::unexpected(
          fmt::format("must be a whole number from {} to {}", range.min, range.max));
    }
    into = number;
    return {};
  };
}

std::expected<std::vector<std::string>, std::string> split_list(std::string_view text) {
  std::vector<std::string> pieces;
  while (true) {
    const std::size_t comma = text.find(',');
    if (comma == 0 || text.empty()) return std::unexpected("a piece of the list is empty");
    pieces.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return pieces;
    text.remove_prefix(comma + 1);
  }
}

void add_request_id(CLI::App& app, std::string& request_id) {
  const auto fault_of = [](const std::string& text) {
    if (is_well_formed_request_id(text)) return std::string();
    return fmt::format("a request id is 1 to {} of the characters A-Z a-z 0-9 . _ : -",
                       kMaxRequestIdSize);
  };
  app.add_option("ID", request_id, "The request id")->required()->check(fault_of, "");
}

void add_output(CLI::App& app, Output& output) {
  add_value(app, "-o,--output", "text|json|yaml", "How to print the result (default: text)",
            [&output](const std::string& text) -> std::expected<void, std::string> {
              if (text != "text" && text != "json" && text != "yaml") {
                return std::unexpected("must be text, json or yaml");
              }
              output = text == "text" ? Output::Text : Output::Json;
              return {};
            });
}

void add_wait(CLI::App& app, WaitFlags& flags) {
  add_value(app, "--wait", "DURATION",
            "How long to wait until every instance has applied it (default: 2s)",
            duration_reader(flags.wait, std::chrono::hours{1}));
  app.add_flag("--no-wait", flags.no_wait, "End as soon as it is published")->excludes("--wait");
}

void add_restart_ttl(CLI::App& app, bool& restart_ttl) {
  app.add_flag("--restart-ttl", restart_ttl,
               "Also write back directives that were put by hand with ttl_secs, although their "
               "lives then start again");
}

}  // namespace osproxy::cli
