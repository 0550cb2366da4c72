#include "osproxy/app/settings/settings.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "osproxy/app/settings/setting_checks.h"
#include "osproxy/app/settings/setting_sources.h"
#include "osproxy/app/settings/setting_table.h"
#include "osproxy/core/cpu_count.h"
#include "osproxy/otlp/environment.h"

namespace osproxy::app {
namespace {

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> values;
  while (true) {
    const auto comma = text.find(',');
    values.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

/// True for headers with credentials, and for what stands in the place of a file of secrets but
/// looks like no path: perhaps the secret itself was given.
bool may_be_a_secret(std::string_view setting, std::string_view value) {
  if (setting == "otlp-headers") return true;
  const bool is_secret_file = std::ranges::any_of(
      std::array<std::string_view, 4>{"-key-file", "-token-file", "-tokens-file", "-password-file"},
      [&](std::string_view end) { return setting.ends_with(end); });
  return is_secret_file && !value.starts_with('/') && !value.starts_with("./") &&
         !value.starts_with("../");
}

/// Checks the values that `source` gives for a setting, and stores them.
std::expected<void, SettingsExit> store(const SettingRow& row, std::vector<std::string> values,
                                        const std::string& source, Settings& settings) {
  if (row.form.is_list) {
    std::vector<std::string> elements;
    for (const std::string& value : values) {
      std::ranges::move(split_at_commas(value), std::back_inserter(elements));
    }
    values = std::move(elements);
  } else if (values.size() != 1) {
    return std::unexpected(bad_setting(
        fmt::format("--{} (from {}) takes one value, not {}", row.name, source, values.size())));
  }
  const auto stored = row.form.store(settings, values);
  if (stored) return {};
  const std::string shown = fmt::to_string(fmt::join(values, ","));
  return std::unexpected(bad_setting(
      may_be_a_secret(row.name, shown)
          ? fmt::format("--{} (from {}): {} (the value is not shown: it may be a secret)", row.name,
                        source, stored.error())
          : fmt::format("--{} (from {}) is \"{}\": {}", row.name, source, shown, stored.error())));
}

/// Stores a setting from the first source that gives it.
std::expected<void, SettingsExit> store_from(const SettingRow& row, const CommandLine& line,
                                             const GivenValues& file,
                                             const SettingsSources& sources, Settings& settings) {
  const std::string variable = variable_of(row.name);
  if (const auto flag = line.flags.find(row.name); flag != line.flags.end()) {
    return store(row, flag->second, "the command line", settings);
  }
  if (const auto value = sources.environment(variable)) {
    return store(row, {*value}, variable, settings);
  }
  if (const auto item = file.find(row.name); item != file.end()) {
    return store(row, item->second, line.config_file, settings);
  }
  return {};
}

std::string default_instance() {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return fmt::format("{}-{}", host[0] == '\0' ? "osproxy" : host, ::getpid());
}

}  // namespace

std::optional<std::string> system_environment(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

AdminRoles admin_roles(const AdminSettings& admin) {
  AdminRoles roles = admin.roles;
  if (!admin.token.empty()) roles.add_admin(admin.token);
  return roles;
}

std::expected<Settings, SettingsExit> read_settings(const SettingsSources& sources) {
  auto line = parse_command_line(sources.arguments);
  if (!line) return std::unexpected(std::move(line).error());
  if (line->config_file.empty()) {
    line->config_file = sources.environment("OSPROXY_CONFIG").value_or("");
  }
  const auto file = read_settings_file(line->config_file);
  if (!file) return std::unexpected(file.error());

  Settings settings{.check_only = line->check_only};
  settings.server.workers = usable_cpus();
  settings.instance = default_instance();
  settings.otlp = otlp::read_environment(sources.environment);
  for (const SettingGroup& group : setting_groups()) {
    for (const SettingRow& row : group.rows) {
      auto stored = store_from(row, *line, *file, sources, settings);
      if (!stored) return std::unexpected(std::move(stored).error());
    }
  }
  if (const auto together = check_together(settings); !together) {
    return std::unexpected(bad_setting(together.error()));
  }
  return settings;
}

}  // namespace osproxy::app
