#include "osproxy/app/settings/setting_storers.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "osproxy/core/duration.h"
#include "osproxy/core/read_file.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/fleet_key.h"
#include "osproxy/otlp/environment.h"

namespace osproxy::app {
namespace {

constexpr std::size_t kMinTokenBytes = 16;
constexpr std::size_t kMaxTokenBytes = 4096;  // what a head can hold besides everything else

}  // namespace

Stored store_upstreams(Settings& settings, Values values) {
  settings.upstreams.clear();
  for (const std::string& value : values) {
    auto origin = parse_origin(value);
    if (!origin) return std::unexpected(std::move(origin).error());
    settings.upstreams.push_back(*std::move(origin));
  }
  return {};
}

Stored store_etcd_endpoints(Settings& settings, Values values) {
  auto endpoints = etcd::parse_endpoints(values);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  settings.etcd_endpoints = *std::move(endpoints);
  return {};
}

Stored store_tenant(Settings& settings, std::expected<TenantRule, std::string> rule) {
  if (!rule) return std::unexpected(std::move(rule).error());
  if (settings.tenant) {
    return std::unexpected("another setting says already where the tenant is named");
  }
  settings.tenant = *std::move(rule);
  return {};
}

Stored store_tenant_header(Settings& settings, const std::string& text) {
  std::string name;
  if (auto stored = store_header_name(name, text); !stored) return stored;
  return store_tenant(settings,
                      name.empty() ? TenantRule() : TenantRule::of_header(std::move(name)));
}

Stored store_token(Settings& settings, const std::string& path) {
  auto token = read_file(path, kMaxTokenBytes);
  if (!token) return std::unexpected("the file " + token.error());
  while (token->ends_with('\n') || token->ends_with('\r')) token->pop_back();
  if (token->size() < kMinTokenBytes) {
    return std::unexpected("the file must hold a token of at least 16 bytes");
  }
  settings.admin_token = *std::move(token);
  return {};
}

Stored store_log_level(Settings& settings, const std::string& text) {
  for (const char* level : {"debug", "info", "warning", "error"}) {
    if (text == level) {
      settings.log_level = text;
      return {};
    }
  }
  return std::unexpected("it must be debug, info, warning or error");
}

Stored store_instance(Settings& settings, const std::string& text) {
  if (text.empty() || text.size() > etcd::kMaxInstanceBytes) {
    return std::unexpected("it must have 1 to " + std::to_string(etcd::kMaxInstanceBytes) +
                           " bytes");
  }
  settings.instance = text;
  return {};
}

Stored store_ack_ttl(Settings& settings, const std::string& text) {
  constexpr std::chrono::seconds kLeast{2};  // what etcd grants at least, with its default times
  constexpr std::chrono::seconds kMost{600};
  const auto ttl = parse_duration(text);
  if (!ttl || *ttl < kLeast || *ttl > kMost || *ttl % std::chrono::seconds{1} != ttl->zero()) {
    return std::unexpected("it must be whole seconds from 2s to 10m");
  }
  settings.etcd_ack_ttl = std::chrono::duration_cast<std::chrono::seconds>(*ttl);
  return {};
}

Stored store_tls_pairs(Settings& settings, Values files, std::string TlsPair::* part) {
  auto& pairs = settings.tls_listen.pairs;
  pairs.resize(std::max(pairs.size(), files.size()));
  for (std::size_t i = 0; i < files.size(); ++i) pairs[i].*part = files[i];
  return {};
}

Stored store_client_auth(Settings& settings, const std::string& text) {
  using enum ClientAuth;
  for (const auto& [name, policy] : {std::pair("none", None), std::pair("optional", Optional),
                                     std::pair("required", Required)}) {
    if (text != name) continue;
    settings.tls_listen.client_auth = policy;
    return {};
  }
  return std::unexpected("it must be none, optional or required");
}

Stored store_principal_name(Settings& settings, const std::string& text) {
  using enum CertificateName;
  for (const auto& [name, from] :
       {std::pair("cn", CommonName), std::pair("dns", Dns), std::pair("email", Email),
        std::pair("uri", Uri), std::pair("none", None)}) {
    if (text != name) continue;
    settings.tls_listen.principal = from;
    return {};
  }
  return std::unexpected("it must be cn, dns, email, uri or none");
}

Stored store_capture_dir(Settings& settings, const std::string& path) {
  std::error_code ignored;
  const std::filesystem::path directory(path);
  const bool is_there = std::filesystem::exists(directory, ignored);
  if (!path.empty() && is_there && !std::filesystem::is_directory(directory, ignored)) {
    return std::unexpected("it must be a directory");
  }
  settings.capture.files.directory = directory;
  return {};
}

Stored store_secret_headers(Settings& settings, Values names) {
  std::vector<std::string> headers;
  for (const std::string& name : names) {
    std::string header;
    if (auto stored = store_header_name(header, name); !stored) return stored;
    if (!header.empty()) headers.push_back(std::move(header));
  }
  settings.capture.rules.secret_headers = std::move(headers);
  return {};
}

Stored store_otlp_endpoint(Settings& settings, const std::string& text) {
  settings.otlp.transport.endpoint = text;  // read with the protocol: check_together()
  settings.otlp.transport.endpoint_is_base = true;
  return {};
}

Stored store_otlp_headers(Settings& settings, Values values) {
  otlp::KeyValues headers;
  for (const std::string& value : values) {
    auto parsed = otlp::parse_headers(value);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    std::ranges::move(*parsed, std::back_inserter(headers));
  }
  settings.otlp.transport.headers = std::move(headers);
  return {};
}

}  // namespace osproxy::app
