// What no single setting can tell.
#pragma once

#include <expected>
#include <string>

#include "osproxy/app/settings/settings.h"

namespace osproxy::app {

/// Whether the settings go together, and the files that they name are good; the error names the
/// settings.
std::expected<void, std::string> check_together(const Settings& settings);

}  // namespace osproxy::app
