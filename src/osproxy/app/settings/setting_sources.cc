#include "osproxy/app/settings/setting_sources.h"

#include <algorithm>
#include <span>
#include <sstream>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "osproxy/app/settings/setting_table.h"
#include "osproxy/app/settings/settings_help.h"
#include "osproxy/core/nearest_name.h"
#include "osproxy/core/read_file.h"
#include "osproxy/core/version.h"

namespace osproxy::app {
namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20;

constexpr int kExitUsage = 2;

/// All flags, with their dashes.
std::vector<std::string> flag_names() {
  std::vector<std::string> names{"--help", "--version", "--config", "--check-config"};
  for (const std::string& name : setting_names()) names.push_back("--" + name);
  return names;
}

/// Refuses an argument that is neither a flag nor a flag's value.
SettingsExit refuse_word(const std::string& word) {
  const auto is_group = [&](const SettingGroup& group) { return word == group.name; };
  const std::vector<std::string> commands{"help"};
  const std::string suggestion = std::ranges::any_of(setting_groups(), is_group)
                                     ? fmt::format("; did you mean osproxy help {}?", word)
                                     : did_you_mean(word, commands);
  return bad_setting(
      fmt::format("{} is not expected{}\nA value follows its flag, as in --listen "
                  "127.0.0.1:8080. Try osproxy --help.",
                  word, suggestion));
}

/// Refuses the arguments that CLI11 does not know, of which there is at least one.
SettingsExit refuse(const std::vector<std::string>& unexpected) {
  const auto is_flag = [](const std::string& text) { return text.starts_with('-'); };
  const auto flag = std::ranges::find_if(unexpected, is_flag);
  if (flag == unexpected.end()) return refuse_word(unexpected.front());
  const std::string name = flag->substr(0, flag->find('='));
  return bad_setting(fmt::format("{} is not a setting{}\nTry osproxy --help.", name,
                                 did_you_mean(name, flag_names())));
}

/// Masks the user and password of each URL, which an error must not show.
std::string without_passwords(std::string_view text) {
  std::string masked;
  while (!text.empty()) {
    const std::size_t slashes = text.find("//");
    if (slashes == std::string_view::npos) break;
    const std::size_t begin = slashes + 2;
    const std::size_t end = std::min(text.find_first_of(" \",\n", begin), text.size());
    const std::size_t at = text.substr(begin, end - begin).rfind('@');
    masked.append(text.substr(0, begin));
    if (at != std::string_view::npos) masked.append("***");
    text.remove_prefix(begin + (at == std::string_view::npos ? 0 : at));
  }
  return masked.append(text);
}

/// As the file has it. CLI11 marks the beginning of a section by the name `++`.
std::string shown_name(const CLI::ConfigItem& item) {
  if (item.name != "++") return item.fullname();
  return fmt::format("[{}]", fmt::join(item.parents, "."));
}

}  // namespace

SettingsExit bad_setting(std::string_view clause) {
  return {kExitUsage, fmt::format("osproxy: {}\n", without_passwords(clause))};
}

std::expected<CommandLine, SettingsExit> parse_command_line(std::vector<std::string> arguments) {
  if (!arguments.empty() && arguments.front() == "help") {
    return std::unexpected(explain_settings(std::span(arguments).subspan(1)));
  }
  CLI::App app;
  app.set_version_flag("--version", std::string("osproxy ") + kVersion);
  CommandLine line;
  app.add_option("--config", line.config_file)->type_name("FILE");
  app.add_flag("--check-config", line.check_only);
  for (const std::string& name : setting_names()) {
    app.add_option("--" + name, line.flags[name])
        ->type_name(find_setting(name)->form.takes)
        ->allow_extra_args(false);
  }
  std::ranges::reverse(arguments);  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(SettingsExit{0, help_text()});
  } catch (const CLI::CallForVersion&) {
    return std::unexpected(SettingsExit{0, app.version() + "\n"});
  } catch (const CLI::ExtrasError& error) {
    const auto unexpected = app.remaining();
    return std::unexpected(unexpected.empty() ? bad_setting(error.what()) : refuse(unexpected));
  } catch (const CLI::ParseError& error) {
    return std::unexpected(bad_setting(fmt::format("{}\nTry osproxy --help.", error.what())));
  }
  std::erase_if(line.flags, [](const auto& flag) { return flag.second.empty(); });
  return line;
}

std::expected<GivenValues, SettingsExit> read_settings_file(const std::string& path) {
  GivenValues given;
  if (path.empty()) return given;
  const auto text = read_file(path, kMaxConfigBytes);
  if (!text) {
    return std::unexpected(bad_setting(fmt::format("--config: {} {}", path, text.error())));
  }
  std::vector<CLI::ConfigItem> items;
  try {
    std::istringstream stream(*text);
    items = CLI::ConfigTOML().from_config(stream);
  } catch (const CLI::Error& error) {
    return std::unexpected(bad_setting(fmt::format("--config: {}: {}", path, error.what())));
  }
  for (const CLI::ConfigItem& item : items) {
    std::string name = item.name;
    std::ranges::replace(name, '_', '-');
    if (!item.parents.empty() || find_setting(name) == nullptr) {
      return std::unexpected(
          bad_setting(fmt::format("{}: {} is not a setting{}\nosproxy --help lists the settings.",
                                  path, shown_name(item), did_you_mean(name, setting_names()))));
    }
    if (!given.emplace(name, item.inputs).second) {
      return std::unexpected(bad_setting(fmt::format("{}: {} is given twice", path, name)));
    }
  }
  return given;
}

}  // namespace osproxy::app
