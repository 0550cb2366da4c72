// Says whether osproxy could start with these settings: for deploy pipelines (--check-config).
//
//   auto check = check_config(settings, clock);
//   for (const auto& error : check.errors) print(error);
//
// read_settings() has checked every value, and has read the certificates, keys, tokens and
// identities. This is about what else the files and the machine can refuse. It connects nowhere,
// resolves no name, binds no port and writes nothing.
#pragma once

#include <string>
#include <vector>

#include "osproxy/app/settings/settings.h"
#include "osproxy/core/clock.h"

namespace osproxy::app {

struct ConfigCheck {
  std::vector<std::string> errors{};    ///< each keeps osproxy from starting, or from recording
  std::vector<std::string> warnings{};  ///< it starts, and says these in its log
};

/// Blocks as long as the file system does. Any thread may call it.
ConfigCheck check_config(const Settings& settings, const Clock& clock);

}  // namespace osproxy::app
