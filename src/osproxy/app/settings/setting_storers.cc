#include "osproxy/app/settings/setting_storers.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <ranges>
#include <string_view>
#include <system_error>
#include <utility>

#include "osproxy/core/cidr.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/read_file.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/fleet_key.h"
#include "osproxy/otlp/environment.h"
#include "osproxy/store/admin_url.h"

namespace osproxy::app {
namespace {

constexpr std::size_t kMinTokenBytes = 16;
constexpr std::size_t kMaxTokenBytes = 4096;  // must fit in a request head

bool is_whole_seconds(std::chrono::milliseconds duration) {
  return duration % std::chrono::seconds{1} == duration.zero();
}

}  // namespace

Stored store_upstreams(Settings& settings, Values values) {
  settings.server.upstream.nodes.clear();
  for (const std::string& value : values) {
    auto origin = parse_origin(value);
    if (!origin) return std::unexpected(std::move(origin).error());
    settings.server.upstream.nodes.push_back(*std::move(origin));
  }
  return {};
}

Stored store_publish_address(std::optional<HostPort>& address, const std::string& text) {
  auto parsed = parse_host_port(text);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  if (parsed->port == 0 || parsed->host == "0.0.0.0" || parsed->host == "::") {
    return std::unexpected("it must be an address that clients can connect to");
  }
  address = *std::move(parsed);
  return {};
}

Stored store_trusted_proxies(Settings& settings, Values values) {
  auto blocks = parse_cidrs(values);
  if (!blocks) return std::unexpected(std::move(blocks).error());
  settings.server.trusted_proxies = *std::move(blocks);
  return {};
}

Stored store_client_fields(ClientFields& fields, Values values) {
  ClientFields given{.address = false, .agent = false, .opaque_id = false};
  const auto keep = [&given](std::string_view name) {
    given.address = given.address || name == "address";
    given.agent = given.agent || name == "agent";
    const bool is_opaque_id = name == "opaque_id" || name == "opaque-id";
    given.opaque_id = given.opaque_id || is_opaque_id;
    return name == "address" || name == "agent" || is_opaque_id;
  };
  const bool is_none = values.size() == 1 && values[0] == "none";
  bool is_good = !values.empty();
  for (const std::string& value : values) {
    for (const auto name : std::views::split(std::string_view(value), ',')) {
      is_good = (is_none || keep(std::string_view(name))) && is_good;
    }
    is_good = is_good && !value.empty();
  }
  if (!is_good) {
    return std::unexpected("it must be a list of address, agent and opaque_id, or none");
  }
  fields = given;
  return {};
}

std::string client_fields_text(const ClientFields& fields) {
  std::string text;
  const auto add = [&text](bool is_kept, std::string_view name) {
    if (is_kept) text.append(text.empty() ? "" : ",").append(name);
  };
  add(fields.address, "address");
  add(fields.agent, "agent");
  add(fields.opaque_id, "opaque_id");
  return text.empty() ? "none" : text;
}

Stored store_etcd_endpoints(Settings& settings, Values values) {
  auto endpoints = etcd::parse_endpoints(values);
  if (!endpoints) return std::unexpected(std::move(endpoints).error());
  settings.document.etcd.target.endpoints = *std::move(endpoints);
  return {};
}

Stored store_tenant(Settings& settings, std::expected<TenantRule, std::string> rule) {
  if (!rule) return std::unexpected(std::move(rule).error());
  if (settings.tenant) {
    return std::unexpected("another setting names the tenant already");
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

Stored store_principal_tenants(Settings& settings, const std::string& path) {
  const auto stored = store_path(settings.identity_files.principal_tenants, path);
  return stored ? store_tenant(settings, TenantRule::of_principal()) : stored;
}

Stored store_token(std::string& token, const std::string& path) {
  auto text = read_file(path, kMaxTokenBytes);
  if (!text) return std::unexpected("the file " + text.error());
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
  if (text->size() < kMinTokenBytes) {
    return std::unexpected("the file must hold a token of at least 16 bytes");
  }
  token = *std::move(text);
  return {};
}

Stored store_admin_tokens(AdminRoles& roles, const std::string& path) {
  const auto text = read_file(path, AdminRoles::kMaxFileBytes);
  if (!text) return std::unexpected("the file " + text.error());
  auto parsed = AdminRoles::parse(*text);
  if (!parsed) return std::unexpected("the file: " + parsed.error());
  if (parsed->is_empty()) {
    return std::unexpected("the file names nobody: nobody could use the admin listener");
  }
  roles = *std::move(parsed);
  return {};
}

Stored store_admin_hosts(std::vector<std::string>& hosts, Values names) {
  for (const std::string& name : names) {
    if (name.empty() || name.find_first_of(":/ ") != std::string::npos) {
      return std::unexpected("it must be a host name without a port");
    }
  }
  hosts.assign(names.begin(), names.end());
  return {};
}

Stored store_fleet_hosts(FleetHosts& hosts, Values names) {
  auto parsed = FleetHosts::parse({names.begin(), names.end()});
  if (!parsed) return std::unexpected(std::move(parsed).error());
  hosts = *std::move(parsed);
  return {};
}

Stored store_admin_url(std::string& url, const std::string& text) {
  const bool has_scheme = text.contains("://");
  if (!has_scheme) {
    if (auto address = parse_host_port(text); !address) {
      return std::unexpected(std::move(address).error());
    }
  }
  auto origin = parse_admin_url(has_scheme ? text : "http://" + text);
  if (!origin) return std::unexpected(std::move(origin).error());
  url = has_scheme ? origin->to_string() : origin->address.to_string();
  return {};
}

Stored store_instance(std::string& instance, const std::string& text) {
  if (text.empty() || text.size() > etcd::kMaxInstanceBytes) {
    return std::unexpected("it must have 1 to " + std::to_string(etcd::kMaxInstanceBytes) +
                           " bytes");
  }
  instance = text;
  return {};
}

Stored store_ack_ttl(std::chrono::seconds& ttl, const std::string& text) {
  constexpr std::chrono::seconds kLeast{2};  // etcd grants no less, with its default timing
  constexpr std::chrono::seconds kMost{600};
  const auto parsed = parse_duration(text);
  if (!parsed || *parsed < kLeast || *parsed > kMost || !is_whole_seconds(*parsed)) {
    return std::unexpected("it must be whole seconds from 2s to 10m");
  }
  ttl = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
  return {};
}

Stored store_max_life(std::chrono::seconds& life, const std::string& text) {
  std::chrono::milliseconds parsed{0};
  const auto stored = store_duration(parsed, text);
  if (!stored) return stored;
  if (!is_whole_seconds(parsed)) return std::unexpected("it must be whole seconds");
  life = std::chrono::duration_cast<std::chrono::seconds>(parsed);
  return {};
}

Stored store_tls_pairs(std::vector<TlsPair>& pairs, Values files, std::string TlsPair::* part) {
  pairs.resize(std::max(pairs.size(), files.size()));
  for (std::size_t i = 0; i < files.size(); ++i) pairs[i].*part = files[i];
  return {};
}

Stored store_capture_dir(std::filesystem::path& directory, const std::string& path) {
  std::error_code ignored;
  const bool is_there = std::filesystem::exists(path, ignored);
  if (!path.empty() && is_there && !std::filesystem::is_directory(path, ignored)) {
    return std::unexpected("it must be a directory");
  }
  directory = path;
  return {};
}

Stored store_secret_headers(std::vector<std::string>& headers, Values names) {
  std::vector<std::string> given;
  for (const std::string& name : names) {
    std::string header;
    if (auto stored = store_header_name(header, name); !stored) return stored;
    if (!header.empty()) given.push_back(std::move(header));
  }
  headers = std::move(given);
  return {};
}

Stored store_otlp_endpoint(Settings& settings, const std::string& text) {
  settings.otlp.transport.endpoint = text;  // read with the protocol: check_together()
  settings.otlp.transport.endpoint_is_base = true;
  return {};
}

Stored store_otlp_headers_file(otlp::TransportOptions& transport, const std::string& file) {
  constexpr std::size_t kMaxBytes = 64 * 1024;  // more than any collector accepts as a head
  transport.headers_file = file;
  if (file.empty()) return {};
  const auto text = read_file(file, kMaxBytes);
  if (!text) return std::unexpected("the file " + text.error());
  auto headers = otlp::parse_header_lines(*text);
  if (!headers) return std::unexpected("in the file, " + headers.error());
  for (auto& header : *headers) {
    std::erase_if(transport.headers, [&](const auto& one) { return one.first == header.first; });
  }
  std::ranges::move(*headers, std::back_inserter(transport.headers));
  return {};
}

Stored store_otlp_headers(otlp::KeyValues& headers, Values values) {
  otlp::KeyValues given;
  for (const std::string& value : values) {
    auto parsed = otlp::parse_headers(value);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    std::ranges::move(*parsed, std::back_inserter(given));
  }
  headers = std::move(given);
  return {};
}

}  // namespace osproxy::app
