// The table of settings: the only place that says what a setting is called, which values it takes,
// what it does, and which field of Settings it fills.
//
// Flags, OSPROXY_… variables, keys of the settings file, `osproxy --help`, `osproxy help` and the
// tables of docs/settings.md all come from it. The default that is shown is the value of the field
// in a default-constructed Settings, so that it cannot differ from the one in force.
//
// Immutable; any thread may read it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "osproxy/app/settings/setting_form.h"

namespace osproxy::app {

struct SettingRow {
  const char* name;  ///< `etcd-key`: the flag without dashes, the key in a file
  SettingForm form;
  const char* help;                     ///< sentences; the first one fits into a line of --help
  const char* default_words = nullptr;  ///< if the default is no constant: "the system's CAs"
  bool reloads = false;                 ///< a new value is taken over by SIGHUP, without a restart
};

/// Settings that belong together, in the order in which they are shown.
struct SettingGroup {
  const char* name;   ///< one word, as in `osproxy help tls`
  const char* title;  ///< a phrase, as a heading
  std::vector<SettingRow> rows;
};

const std::vector<SettingGroup>& setting_groups();

/// The names of all settings.
const std::vector<std::string>& setting_names();

/// Null if there is no setting of that name.
const SettingRow* find_setting(std::string_view name);

/// The setting's variable: `OSPROXY_ETCD_KEY` for `etcd-key`.
std::string variable_of(std::string_view name);

}  // namespace osproxy::app
