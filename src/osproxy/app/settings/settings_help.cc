#include "osproxy/app/settings/settings_help.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "osproxy/app/settings/setting_sources.h"
#include "osproxy/app/settings/setting_table.h"
#include "osproxy/core/nearest_name.h"

namespace osproxy::app {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kNameColumn = 34;  // fits the longest flag with its value

constexpr const char* kUsage =
    R"(osproxy: a reverse proxy for OpenSearch with per-request diagnostics

Usage: osproxy --upstream URL [--SETTING VALUE]...
       osproxy --config FILE [--SETTING VALUE]...
       osproxy --check-config [--config FILE] [--SETTING VALUE]...
       osproxy help [GROUP | SETTING]
       osproxy --version
)";

constexpr const char* kFooter = R"(
Every setting can also be given as a variable (--etcd-key is OSPROXY_ETCD_KEY) and in the settings
file (etcd-key = "…"), which --config FILE or OSPROXY_CONFIG names. A flag takes precedence over a
variable, a variable over the file.

With --check-config it reads all settings and all files that they name, says what is wrong, and ends
without connecting to anything.

Examples:
  osproxy --upstream http://127.0.0.1:9200
  osproxy --listen 0.0.0.0:9200 --upstream http://search-1:9200 --upstream http://search-2:9200 \
          --etcd-endpoints etcd-1:2379,etcd-2:2379,etcd-3:2379
  osproxy help tls
  osproxy help tls-client-auth

Exit codes: 0 stopped when told to, 1 could not start or continue, 2 a bad setting.
)";

constexpr const char* kConfig = R"(--config FILE

  Settings file, in TOML. Its keys are the names of the settings without dashes in front.

  Flag         --config FILE
  Variable     OSPROXY_CONFIG
)";

std::string_view first_sentence(std::string_view help) {
  const std::size_t end = help.find(". ");
  return end == std::string_view::npos ? help : help.substr(0, end + 1);
}

/// The default as it would be given; empty: there is none.
std::string constant_default(const SettingRow& row) {
  static const Settings defaults;
  return row.default_words == nullptr ? row.form.show(defaults) : "";
}

/// The default in words, for a line of text.
std::string default_of(const SettingRow& row) {
  if (row.default_words != nullptr) return row.default_words;
  const std::string value = constant_default(row);
  return value.empty() ? "none" : value;
}

std::string flag_of(const SettingRow& row) {
  return fmt::format("--{} {}", row.name, row.form.takes);
}

/// `text` in lines of at most kWidth, each after `indent` spaces.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (column > 0 && column + 1 + word.size() > kWidth) {
      out += '\n';
      column = 0;
    }
    if (column == 0) {
      out.append(indent, ' ').append(word);
      column = indent + word.size();
    } else {
      out.append(" ").append(word);
      column += 1 + word.size();
    }
  }
  return out + '\n';
}

std::string groups_text() {
  std::string text = "osproxy help GROUP explains the settings of a group:\n\n";
  for (const SettingGroup& group : setting_groups()) {
    text += fmt::format("  {:<12}{}\n", group.name, group.title);
  }
  return text + "\nosproxy help SETTING explains one setting. osproxy --help lists all settings.\n";
}

std::string group_text(const SettingGroup& group) {
  std::string text = fmt::format("{}\n", group.title);
  for (const SettingRow& row : group.rows) {
    text += fmt::format("\n  {}\n{}{}", flag_of(row), wrapped(row.help, 6),
                        wrapped(fmt::format("Default: {}.{}", default_of(row),
                                            row.reloads ? " SIGHUP reloads it." : ""),
                                6));
  }
  return text;
}

std::string setting_text(const SettingGroup& group, const SettingRow& row) {
  return fmt::format(
      "{}\n\n{}\n"
      "  Flag         {}{}\n"
      "  Variable     {}{}\n"
      "  Key in file  {}\n"
      "  Default      {}\n"
      "  Reload       {}\n"
      "  Group        {} (osproxy help {})\n",
      flag_of(row), wrapped(row.help, 2), flag_of(row),
      row.form.is_list ? ", may be repeated, or with commas" : "", variable_of(row.name),
      row.form.is_list ? ", with commas" : "", row.name, default_of(row),
      row.reloads ? "SIGHUP takes over a new value" : "a new value needs a restart", group.title,
      group.name);
}

/// `--etcd-key`, `OSPROXY_ETCD_KEY` and `etcd_key` are `etcd-key`.
std::string plain_name(std::string_view topic) {
  constexpr std::string_view kVariable = "OSPROXY_";
  if (topic.starts_with(kVariable)) topic.remove_prefix(kVariable.size());
  while (topic.starts_with('-')) topic.remove_prefix(1);
  std::string name(topic);
  for (char& c : name) c = c == '_' ? '-' : static_cast<char>(std::tolower(c));
  return name;
}

SettingsExit unknown_topic(const std::string& topic) {
  std::vector<std::string> names;
  std::string groups;
  for (const SettingGroup& group : setting_groups()) {
    names.emplace_back(group.name);
    groups.append(groups.empty() ? "" : ", ").append(group.name);
  }
  names.insert(names.end(), setting_names().begin(), setting_names().end());
  return bad_setting(
      fmt::format("{} is neither a setting nor a group of settings{}\nThe groups "
                  "are {}.",
                  topic, did_you_mean(plain_name(topic), names), groups));
}

SettingsExit explain(const std::string& topic) {
  const std::string name = plain_name(topic);
  if (name == "config") return {0, kConfig};
  for (const SettingGroup& group : setting_groups()) {
    if (name == group.name) return {0, group_text(group)};
    for (const SettingRow& row : group.rows) {
      if (name == row.name) return {0, setting_text(group, row)};
    }
  }
  return unknown_topic(topic);
}

/// A cell of a table: a bar would end it.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '|' ? "\\|" : std::string(1, c));
  return out;
}

std::string default_cell(const SettingRow& row) {
  const std::string value = constant_default(row);
  if (!value.empty()) return fmt::format("`{}`", value);
  return row.default_words == nullptr ? "" : row.default_words;
}

}  // namespace

std::string help_text() {
  std::string text = kUsage;
  for (const SettingGroup& group : setting_groups()) {
    text += fmt::format("\n{} (osproxy help {})\n", group.title, group.name);
    for (const SettingRow& row : group.rows) {
      text += fmt::format("  {:<{}}{}\n", flag_of(row), kNameColumn, first_sentence(row.help));
    }
  }
  return text + kFooter;
}

SettingsExit explain_settings(std::span<const std::string> topics) {
  if (topics.empty()) return {0, groups_text()};
  if (topics.front() == "--markdown") return {0, settings_markdown()};
  SettingsExit all{0, ""};
  for (const std::string& topic : topics) {
    SettingsExit one = explain(topic);
    if (one.exit_code != 0) return one;
    all.text.append(all.text.empty() ? "" : "\n").append(one.text);
  }
  return all;
}

std::string settings_markdown() {
  std::string text;
  for (const SettingGroup& group : setting_groups()) {
    text += fmt::format(
        "### {}\n\n"
        "| Setting | Takes | Default | Meaning | Reload |\n|---|---|---|---|---|\n",
        group.title);
    for (const SettingRow& row : group.rows) {
      text += fmt::format("| `--{}` | {} | {} | {} | {} |\n", row.name, row.form.takes,
                          default_cell(row), cell(row.help), row.reloads ? "yes" : "");
    }
    text += '\n';
  }
  return text;
}

}  // namespace osproxy::app
