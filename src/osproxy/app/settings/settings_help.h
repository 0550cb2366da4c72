// The help about the settings, made from their table.
#pragma once

#include <span>
#include <string>

#include "osproxy/app/settings/settings.h"

namespace osproxy::app {

/// `osproxy --help`: every setting in a line, in groups.
std::string help_text();

/// `osproxy help [GROUP|SETTING]…`: without a topic the groups; of a group its settings, and of a
/// setting all there is to know. A setting may be written as its flag, variable or key. The exit
/// code is 2 for an unknown topic. `--markdown` gives settings_markdown().
SettingsExit explain_settings(std::span<const std::string> topics);

/// The tables of docs/settings.md, which scripts/settings_docs puts there.
std::string settings_markdown();

}  // namespace osproxy::app
