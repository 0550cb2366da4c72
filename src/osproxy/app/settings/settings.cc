#include "osproxy/app/settings/settings.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "osproxy/app/settings/setting_checks.h"
#include "osproxy/app/settings/setting_table.h"
#include "osproxy/core/version.h"
#include "osproxy/otlp/environment.h"

namespace osproxy::app {
namespace {

constexpr int kExitUsage = 2;

using Values = std::vector<std::string>;
using ByName = std::map<std::string, Values>;

SettingsExit bad_setting(std::string_view what) {
  return {kExitUsage, fmt::format("osproxy: {}\n", what)};
}

std::string variable_of(std::string_view name) {
  std::string variable = "OSPROXY_" + std::string(name);
  for (char& c : variable) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return variable;
}

Values split_at_commas(std::string_view text) {
  Values values;
  while (true) {
    const auto comma = text.find(',');
    values.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

constexpr const char* kFooter = R"(
Every setting but --config can also be given as OSPROXY_… (--etcd-key is OSPROXY_ETCD_KEY) and in
the file named by --config (etcd-key = "…"). A flag goes over the environment, the environment over
the file.

Examples:
  osproxy --upstream http://127.0.0.1:9200
  osproxy --listen 0.0.0.0:9200 --upstream http://search-1:9200 --upstream http://search-2:9200 \
          --etcd-endpoints etcd-1:2379,etcd-2:2379,etcd-3:2379

Exit codes: 0 stopped when asked to, 1 could not start or go on, 2 a bad setting.)";

/// What stands on the command line; CLI11 does the reading, the table the judging.
struct CommandLine {
  ByName flags;
  std::string config_file;
};

std::expected<CommandLine, SettingsExit> parse_arguments(Values arguments) {
  CLI::App app{"A reverse proxy for OpenSearch with per-request diagnostics", "osproxy"};
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("osproxy ") + kVersion);
  CommandLine line;
  app.add_option("--config", line.config_file, "a file of settings (TOML)")->type_name("FILE");
  for (const SettingRow& row : setting_table()) {
    app.add_option("--" + std::string(row.name), line.flags[row.name], row.help)
        ->type_name(row.takes)
        ->allow_extra_args(false);
  }
  std::ranges::reverse(arguments);  // as CLI11 wants it
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(SettingsExit{0, app.help()});
  } catch (const CLI::CallForVersion&) {
    return std::unexpected(SettingsExit{0, app.version() + "\n"});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(bad_setting(fmt::format("{}\nTry osproxy --help.", error.what())));
  }
  std::erase_if(line.flags, [](const auto& flag) { return flag.second.empty(); });
  return line;
}

std::expected<ByName, SettingsExit> read_file(const std::string& path) {
  ByName found;
  if (path.empty()) return found;
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_file(path);
  } catch (const CLI::Error& error) {
    return std::unexpected(bad_setting(fmt::format("--config: {}: {}", path, error.what())));
  }
  for (const CLI::ConfigItem& item : items) {
    std::string name = item.name;
    std::ranges::replace(name, '_', '-');
    const bool known = item.parents.empty() &&
                       std::ranges::any_of(setting_table(),
                                           [&](const SettingRow& row) { return name == row.name; });
    if (!known) {
      return std::unexpected(bad_setting(
          fmt::format("{}: {} is no setting; osproxy --help lists them", path, item.fullname())));
    }
    if (!found.emplace(name, item.inputs).second) {
      return std::unexpected(bad_setting(fmt::format("{}: {} is given twice", path, name)));
    }
  }
  return found;
}

std::string quoted(const Values& values) { return fmt::format("\"{}\"", fmt::join(values, ",")); }

std::expected<void, SettingsExit> store(const SettingRow& row, Values values,
                                        const std::string& source, Settings& settings) {
  if (row.is_list) {
    Values elements;
    for (const std::string& value : values) {
      std::ranges::move(split_at_commas(value), std::back_inserter(elements));
    }
    values = std::move(elements);
  } else if (values.size() != 1) {
    return std::unexpected(bad_setting(
        fmt::format("--{} (from {}) takes one value, not {}", row.name, source, values.size())));
  }
  const auto stored = row.store(settings, values);
  if (stored) return {};
  return std::unexpected(bad_setting(
      fmt::format("--{} (from {}) is {}: {}", row.name, source, quoted(values), stored.error())));
}

std::string default_instance() {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return fmt::format("{}-{}", host[0] == '\0' ? "osproxy" : host, ::getpid());
}

}  // namespace

std::optional<std::string> system_environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::expected<Settings, SettingsExit> read_settings(const SettingsSources& sources) {
  auto line = parse_arguments(sources.arguments);
  if (!line) return std::unexpected(std::move(line).error());
  if (line->config_file.empty()) {
    line->config_file = sources.environment("OSPROXY_CONFIG").value_or("");
  }
  const auto file = read_file(line->config_file);
  if (!file) return std::unexpected(file.error());

  Settings settings;
  settings.workers = std::max(1u, std::thread::hardware_concurrency());
  settings.instance = default_instance();
  auto otlp = otlp::read_environment(sources.environment);
  if (!otlp) return std::unexpected(bad_setting(otlp.error()));
  settings.otlp = *std::move(otlp);
  for (const SettingRow& row : setting_table()) {
    std::expected<void, SettingsExit> stored;
    const std::string variable = variable_of(row.name);
    if (const auto flag = line->flags.find(row.name); flag != line->flags.end()) {
      stored = store(row, flag->second, "the command line", settings);
    } else if (const auto value = sources.environment(variable)) {
      stored = store(row, {*value}, variable, settings);
    } else if (const auto item = file->find(row.name); item != file->end()) {
      stored = store(row, item->second, line->config_file, settings);
    }
    if (!stored) return std::unexpected(std::move(stored).error());
  }
  if (const auto together = check_together(settings); !together) {
    return std::unexpected(bad_setting(together.error()));
  }
  return settings;
}

}  // namespace osproxy::app
