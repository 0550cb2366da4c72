// Reads the files about principals: --known-tokens-file, --principal-tenants-file and
// --debug-key-file.
//
// Functions without state; any thread may call them.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "osproxy/app/settings/settings.h"
#include "osproxy/identify/identities.h"

namespace osproxy::app {

/// Reads all of them; a file that is not set counts as empty. Blocks as long as the file system
/// does. The error names the setting and what is wrong with its file.
std::expected<Identities, std::string> read_identities(const Settings& settings);

/// A sentence for each file or directory of secrets that others on this machine can read or change
/// (core/secret_file.h): tokens, passwords, keys, captured exchanges.
std::vector<std::string> secret_file_warnings(const Settings& settings);

}  // namespace osproxy::app
