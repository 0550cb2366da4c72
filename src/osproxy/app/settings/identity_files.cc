#include "osproxy/app/settings/identity_files.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "osproxy/core/read_file.h"

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

std::vector<std::string> identity_file_warnings(const Settings& settings) {
  if (settings.identity_files.debug_keys.empty()) return {};
  std::error_code error;
  const auto mode =
      std::filesystem::status(settings.identity_files.debug_keys, error).permissions();
  if (error || (mode & std::filesystem::perms::others_read) == std::filesystem::perms::none) {
    return {};
  }
  return {"--debug-key-file: " + settings.identity_files.debug_keys +
          " can be read by everybody on this machine; chmod 600 it"};
}

}  // namespace osproxy::app
