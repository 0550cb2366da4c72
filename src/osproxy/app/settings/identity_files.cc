#include "osproxy/app/settings/identity_files.h"

#include <string_view>
#include <utility>

#include "osproxy/core/read_file.h"
#include "osproxy/core/secret_file.h"

namespace osproxy::app {
namespace {

std::expected<std::string, std::string> read(std::string_view setting, const std::string& path) {
  if (path.empty()) return "";
  auto text = read_file(path, Identities::kMaxFileBytes);
  if (!text) return std::unexpected(std::string(setting) + ": the file " + text.error());
  return text;
}

}  // namespace

std::expected<Identities, std::string> read_identities(const Settings& settings) {
  const auto tokens = read("--known-tokens-file", settings.identity_files.known_tokens);
  if (!tokens) return std::unexpected(tokens.error());
  const auto tenants = read("--principal-tenants-file", settings.identity_files.principal_tenants);
  if (!tenants) return std::unexpected(tenants.error());
  const auto keys = read("--debug-key-file", settings.identity_files.debug_keys);
  if (!keys) return std::unexpected(keys.error());
  return Identities::parse({.tokens = *tokens, .tenants = *tenants, .debug_keys = *keys});
}

std::vector<std::string> secret_file_warnings(const Settings& settings) {
  std::vector<std::string> warnings;
  const auto warn = [&](std::string_view setting, const std::string& path,
                        std::vector<std::string> faults) {
    for (const std::string& fault : faults) {
      warnings.push_back(std::string(setting).append(": ").append(path).append(" ").append(fault));
    }
  };
  const auto check = [&](std::string_view setting, const std::string& path) {
    if (!path.empty()) warn(setting, path, faults_of_secret(path));
  };
  check("--debug-key-file", settings.identity_files.debug_keys);
  check("--known-tokens-file", settings.identity_files.known_tokens);
  check("--admin-token-file", settings.admin.token_file);
  check("--admin-tokens-file", settings.admin.tokens_file);
  for (const TlsPair& pair : settings.admin.tls.pairs) check("--admin-tls-key-file", pair.key_file);
  for (const TlsPair& pair : settings.tls.listen.pairs) check("--tls-key-file", pair.key_file);
  check("--upstream-key-file", settings.tls.upstream.client.key_file);
  check("--etcd-key-file", settings.document.etcd.target.credentials.key_file);
  check("--etcd-password-file", settings.document.etcd.target.credentials.password_file);
  check("--otlp-key-file", settings.otlp.transport.client_key_file);
  check("--otlp-headers-file", settings.otlp.transport.headers_file);
  const std::string spool = settings.capture.files.directory.string();
  if (!spool.empty()) warn("--capture-dir", spool, faults_of_secret_directory(spool));
  return warnings;
}

}  // namespace osproxy::app
