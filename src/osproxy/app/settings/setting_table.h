// Every setting in a row: how it is called, what it takes, where it goes.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "osproxy/app/settings/settings.h"

namespace osproxy::app {

struct SettingRow {
  const char* name;   ///< `etcd-key`: the flag without dashes, the key in a file
  const char* takes;  ///< `HOST:PORT`
  const char* help;   ///< one line, the default included
  bool is_list;       ///< may be given several times, or with commas
  /// Checks `values` (exactly one unless is_list) and stores them; the error says what is right.
  std::expected<void, std::string> (*store)(Settings& settings,
                                            std::span<const std::string> values);
};

std::span<const SettingRow> setting_table();

}  // namespace osproxy::app
