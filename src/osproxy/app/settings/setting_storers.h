// Validates and stores the settings that fill more than one field, or read a file.
//
// As in setting_values.h, an error says in a clause what is right; then nothing is stored.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "osproxy/app/settings/setting_values.h"
#include "osproxy/app/settings/settings.h"
#include "osproxy/identify/admin_roles.h"
#include "osproxy/identify/tenant_rule.h"
#include "osproxy/record/client_fields.h"
#include "osproxy/tls/context.h"

namespace osproxy::app {

using Values = std::span<const std::string>;

Stored store_upstreams(Settings& settings, Values values);
/// An address that clients can connect to.
Stored store_publish_address(std::optional<HostPort>& address, const std::string& text);

Stored store_trusted_proxies(Settings& settings, Values values);

/// `address`, `agent`, `opaque_id`, or `none` alone.
Stored store_client_fields(ClientFields& fields, Values values);
std::string client_fields_text(const ClientFields& fields);

Stored store_etcd_endpoints(Settings& settings, Values values);

/// Fails if a rule is stored already: the settings that set one exclude each other.
Stored store_tenant(Settings& settings, std::expected<TenantRule, std::string> rule);

Stored store_tenant_header(Settings& settings, const std::string& text);
Stored store_principal_tenants(Settings& settings, const std::string& path);

/// Stores the token that is in the file.
Stored store_token(std::string& token, const std::string& path);

/// Reads the file of several tokens, with their roles.
Stored store_admin_tokens(AdminRoles& roles, const std::string& path);

/// Host names without a port.
Stored store_admin_hosts(std::vector<std::string>& hosts, Values names);
/// Names, .suffix, addresses or blocks.
Stored store_fleet_hosts(FleetHosts& hosts, Values names);

/// A URL of HTTP, or HOST:PORT, which gets its scheme when the listener is open.
Stored store_admin_url(std::string& url, const std::string& text);
Stored store_instance(std::string& instance, const std::string& text);
Stored store_ack_ttl(std::chrono::seconds& ttl, const std::string& text);
Stored store_max_life(std::chrono::seconds& life, const std::string& text);

/// Stores one part of each pair. Certificates and keys are two lists, read in either order.
Stored store_tls_pairs(std::vector<TlsPair>& pairs, Values files, std::string TlsPair::* part);

/// The path of a directory; it need not exist yet.
Stored store_capture_dir(std::filesystem::path& directory, const std::string& path);

Stored store_secret_headers(std::vector<std::string>& headers, Values names);
Stored store_otlp_endpoint(Settings& settings, const std::string& text);

/// Each value is `name=value`; a comma in a value is written as %2C.
Stored store_otlp_headers(otlp::KeyValues& headers, Values values);

/// Reads the file. Its headers replace those of the same name, and are added to the others.
Stored store_otlp_headers_file(otlp::TransportOptions& transport, const std::string& file);

}  // namespace osproxy::app
