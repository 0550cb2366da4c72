// The settings that need more than their value: files that are read, lists, and what excludes each
// other. As in setting_values.h, the error says what is right; then nothing is stored.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "osproxy/app/settings/setting_values.h"
#include "osproxy/app/settings/settings.h"
#include "osproxy/identify/tenant_rule.h"
#include "osproxy/tls/context.h"

namespace osproxy::app {

using Values = std::span<const std::string>;

Stored store_upstreams(Settings& settings, Values values);
Stored store_etcd_endpoints(Settings& settings, Values values);

/// Once: the settings that say where the tenant is named exclude each other.
Stored store_tenant(Settings& settings, std::expected<TenantRule, std::string> rule);

Stored store_tenant_header(Settings& settings, const std::string& text);
Stored store_token(Settings& settings, const std::string& path);
Stored store_log_level(Settings& settings, const std::string& text);
Stored store_instance(Settings& settings, const std::string& text);
Stored store_ack_ttl(Settings& settings, const std::string& text);

/// Certificates and keys come as two lists, of which neither need be the first.
Stored store_tls_pairs(Settings& settings, Values files, std::string TlsPair::* part);

Stored store_client_auth(Settings& settings, const std::string& text);
Stored store_principal_name(Settings& settings, const std::string& text);

/// Made when it is opened, if its parent is there.
Stored store_capture_dir(Settings& settings, const std::string& path);

Stored store_secret_headers(Settings& settings, Values names);
Stored store_otlp_endpoint(Settings& settings, const std::string& text);

/// Each element is `name=value`: a value with a comma has it as %2C.
Stored store_otlp_headers(Settings& settings, Values values);

}  // namespace osproxy::app
