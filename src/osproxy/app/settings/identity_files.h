// The files that say who is known (--known-tokens-file, --principal-tenants-file,
// --debug-key-file), as they are now.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "osproxy/app/settings/settings.h"
#include "osproxy/identify/identities.h"

namespace osproxy::app {

/// Reads them all; one that is not set is empty. Blocks for as long as the file system does. The
/// error names the setting and what is wrong with its file.
std::expected<Identities, std::string> read_identities(const Settings& settings);

/// A sentence for each of them that holds secrets and can be read by others than its owner's group.
std::vector<std::string> identity_file_warnings(const Settings& settings);

}  // namespace osproxy::app
