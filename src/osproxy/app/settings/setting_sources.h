// The texts of the settings as the command line and the settings file give them, not yet checked.
//
// Unknown names are refused here, with the nearest known one. CLI11 reads; setting_form.h judges.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/app/settings/settings.h"

namespace osproxy::app {

/// The values that were given for each setting, by its name.
using GivenValues = std::map<std::string, std::vector<std::string>>;

struct CommandLine {
  GivenValues flags;
  std::string config_file;  ///< empty: none is named
  bool check_only = false;  ///< --check-config is given
};

/// Also fails for `--help`, `--version` and `help …`, with exit code 0 and the text to print.
std::expected<CommandLine, SettingsExit> parse_command_line(std::vector<std::string> arguments);

/// Reads the file, TOML; an empty path gives no values.
std::expected<GivenValues, SettingsExit> read_settings_file(const std::string& path);

/// `osproxy: CLAUSE`, with the exit code of a bad setting.
SettingsExit bad_setting(std::string_view clause);

}  // namespace osproxy::app
