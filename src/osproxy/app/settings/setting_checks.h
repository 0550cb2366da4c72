// Checks what no single setting shows: whether the settings go together.
#pragma once

#include <expected>
#include <string>

#include "osproxy/app/settings/settings.h"

namespace osproxy::app {

/// Fails if settings contradict each other, one is missing, or a file that they name cannot be
/// used. The error names the settings.
std::expected<void, std::string> check_together(const Settings& settings);

}  // namespace osproxy::app
