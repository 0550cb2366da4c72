#include "osproxy/app/settings/tls_files.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/pem.h"
#include "osproxy/core/read_file.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy::app {
namespace {

/// Enough time for a renewal that people have to approve.
constexpr auto kSoon = std::chrono::days(14);

bool has_tls_nodes(const Settings& settings) {
  return std::ranges::any_of(settings.server.upstream.nodes, &Origin::tls);
}

std::expected<void, std::string> check_listener(const TlsListenOptions& listen) {
  for (const TlsPair& pair : listen.pairs) {
    if (pair.cert_file.empty() || pair.key_file.empty()) {
      return std::unexpected(
          "--tls-cert-file and --tls-key-file go together: one key for each certificate, in the "
          "same order");
    }
  }
  const bool asks = listen.client_auth != ClientAuth::None;
  if (asks && listen.pairs.empty()) {
    return std::unexpected("--tls-client-auth needs --tls-cert-file");
  }
  if (asks && listen.client_ca_file.empty()) {
    return std::unexpected("--tls-client-auth needs --tls-client-ca-file: the CAs to trust");
  }
  if (!asks && !listen.client_ca_file.empty()) {
    return std::unexpected("--tls-client-ca-file goes with --tls-client-auth optional or required");
  }
  return {};
}

std::expected<void, std::string> check_admin(const TlsListenOptions& listen) {
  for (const TlsPair& pair : listen.pairs) {
    if (pair.cert_file.empty() || pair.key_file.empty()) {
      return std::unexpected(
          "--admin-tls-cert-file and --admin-tls-key-file go together: one key for each "
          "certificate, in the same order");
    }
  }
  if (!listen.client_ca_file.empty() && listen.pairs.empty()) {
    return std::unexpected("--admin-client-ca-file needs --admin-tls-cert-file");
  }
  return {};
}

std::expected<void, std::string> check_nodes(const TlsUpstreamOptions& node) {
  if (node.client.cert_file.empty() != node.client.key_file.empty()) {
    return std::unexpected("--upstream-cert-file and --upstream-key-file go together");
  }
  if (!node.verify && !node.ca_file.empty()) {
    return std::unexpected(
        "--upstream-ca-file and --upstream-tls-verify=off exclude each other: off uses no CAs");
  }
  return {};
}

}  // namespace

std::expected<void, std::string> check_tls(const Settings& settings) {
  auto checked = check_listener(settings.tls.listen);
  if (checked) checked = check_nodes(settings.tls.upstream);
  if (checked) checked = check_admin(settings.admin.tls);
  if (!checked) return checked;
  const TlsUpstreamOptions& node = settings.tls.upstream;
  const bool for_nodes = !node.ca_file.empty() || !node.client.cert_file.empty() || !node.verify;
  if (for_nodes && !has_tls_nodes(settings)) {
    return std::unexpected("the settings of TLS to nodes go with an https:// --upstream only");
  }
  if (auto contexts = read_tls_contexts(settings); !contexts) {
    return std::unexpected(std::move(contexts).error());
  }
  if (auto context = read_admin_tls(settings.admin); !context) {
    return std::unexpected(std::move(context).error());
  }
  return {};
}

std::expected<TlsContexts, std::string> read_tls_contexts(const Settings& settings) {
  TlsContexts contexts;
  if (!settings.tls.listen.pairs.empty()) {
    auto listener = TlsContext::for_clients(settings.tls.listen);
    if (!listener) return std::unexpected(std::move(listener).error());
    contexts.listener = *std::move(listener);
  }
  if (has_tls_nodes(settings)) {
    auto upstream = TlsContext::for_upstreams(settings.tls.upstream);
    if (!upstream) return std::unexpected(std::move(upstream).error());
    contexts.upstream = *std::move(upstream);
  }
  return contexts;
}

std::expected<TlsContext::Pointer, std::string> read_admin_tls(const AdminSettings& admin) {
  if (admin.tls.pairs.empty()) return nullptr;
  return TlsContext::for_clients(admin.tls);
}

std::expected<std::string, std::string> read_fleet_ca(const AdminSettings& admin) {
  if (admin.fleet_ca_file.empty()) return std::string();
  auto text = read_file(admin.fleet_ca_file, kMaxPemBytes);
  if (!text) {
    return std::unexpected("--admin-fleet-ca-file: " + admin.fleet_ca_file + " " + text.error());
  }
  return text;
}

std::vector<std::string> expiry_warnings(const TlsContext::Pointer& context, WallTime now) {
  std::vector<std::string> warnings;
  if (!context) return warnings;
  const auto today = std::chrono::floor<std::chrono::seconds>(now);
  for (const auto& [file, end] : context->expiries()) {
    if (today + kSoon < end) continue;
    warnings.push_back(fmt::format("the certificate in \"{}\" {} {}", file,
                                   end < today ? "expired at" : "expires at", format_rfc3339(end)));
  }
  return warnings;
}

std::vector<std::string> expiry_warnings(const TlsContexts& contexts, WallTime now) {
  std::vector<std::string> warnings = expiry_warnings(contexts.listener, now);
  std::ranges::move(expiry_warnings(contexts.upstream, now), std::back_inserter(warnings));
  return warnings;
}

}  // namespace osproxy::app
