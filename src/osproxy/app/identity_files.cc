#include "osproxy/app/identity_files.h"

#include <string_view>
#include <utility>

#include "osproxy/core/read_file.h"

namespace osproxy::app {
namespace {

std::expected<std::string, std::string> read(std::string_view setting, const std::string& path) {
  if (path.empty()) return "";
  auto text = read_file(path, http::Identities::kMaxFileBytes);
  if (!text) return std::unexpected(std::string(setting) + ": the file " + text.error());
  return text;
}

}  // namespace

std::expected<http::Identities, std::string> read_identities(const Settings& settings) {
  const auto tokens = read("--known-tokens-file", settings.known_tokens_file);
  if (!tokens) return std::unexpected(tokens.error());
  const auto tenants = read("--principal-tenants-file", settings.principal_tenants_file);
  if (!tenants) return std::unexpected(tenants.error());
  return http::Identities::parse({.tokens = *tokens, .tenants = *tenants});
}

}  // namespace osproxy::app
