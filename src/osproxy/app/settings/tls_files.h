// The certificates, keys and CAs that the settings name, as they are now.
//
//   auto contexts = read_tls_contexts(settings);
//   if (!contexts) fail(contexts.error());
//   for (const auto& text : expiry_warnings(*contexts, clock.now().wall)) warn(text);
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "osproxy/app/settings/settings.h"
#include "osproxy/core/clock.h"
#include "osproxy/tls/context.h"

namespace osproxy::app {

/// Reads all of them; there is a context for each side that is to have TLS. Blocks for as long as
/// the file system does. The error names the setting's file and what is wrong with it.
std::expected<TlsContexts, std::string> read_tls_contexts(const Settings& settings);

/// What no single setting of TLS can tell, and whether their files can be used; the error names the
/// settings or the file.
std::expected<void, std::string> check_tls(const Settings& settings);

/// One sentence for each certificate of ours that has expired, or will within two weeks.
std::vector<std::string> expiry_warnings(const TlsContexts& contexts, WallTime now);

}  // namespace osproxy::app
