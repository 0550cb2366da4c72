// Reads the certificates, keys and CAs that the settings name.
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

/// Reads all of them, into a context for each side that uses TLS. Blocks as long as the file system
/// does. The error names the setting's file and what is wrong with it.
std::expected<TlsContexts, std::string> read_tls_contexts(const Settings& settings);

/// The context of the admin listener; null if it is to speak plain HTTP.
std::expected<TlsContext::Pointer, std::string> read_admin_tls(const AdminSettings& admin);

/// The CAs of --admin-fleet-ca-file, PEM. No file: no text, which stands for the system's CAs.
std::expected<std::string, std::string> read_fleet_ca(const AdminSettings& admin);

/// Checks whether the settings of TLS go together and their files can be used. The error names the
/// settings or the file.
std::expected<void, std::string> check_tls(const Settings& settings);

/// A sentence for each certificate that has expired or will expire within two weeks. A null context
/// has none.
std::vector<std::string> expiry_warnings(const TlsContext::Pointer& context, WallTime now);
std::vector<std::string> expiry_warnings(const TlsContexts& contexts, WallTime now);

}  // namespace osproxy::app
