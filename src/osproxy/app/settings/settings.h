// The settings of `osproxy`, read from flags, the environment and a file.
//
//   auto parsed = read_settings({.arguments = arguments, .environment = system_environment});
//   if (!parsed) {
//     print(parsed.error().text);
//     return parsed.error().exit_code;
//   }
//
// A flag takes precedence over the environment, the environment over the file, and the file over
// the default. Each setting is taken whole from one of them. `--etcd-key` is `OSPROXY_ETCD_KEY` is
// `etcd-key = …`. The variables of OpenTelemetry's specification (OTEL_…) are the defaults of
// `--otlp-…`. Everything is validated here, before any socket is opened.
//
// setting_table.h has the names; docs/settings.md lists them all.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/capture/writer.h"
#include "osproxy/core/address.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/decode.h"
#include "osproxy/etcd/etcd_ack_writer.h"
#include "osproxy/etcd/etcd_directive_store.h"
#include "osproxy/flight/flight_recorder.h"
#include "osproxy/identify/admin_roles.h"
#include "osproxy/identify/tenant_rule.h"
#include "osproxy/observe/observer.h"
#include "osproxy/otlp/otlp_options.h"
#include "osproxy/proxy/server_options.h"
#include "osproxy/store/fleet_hosts.h"
#include "osproxy/store/history.h"
#include "osproxy/tls/context.h"

namespace osproxy::app {

/// Files about principals; an empty name: there is none.
struct IdentityFiles {
  std::string known_tokens;       ///< bearer tokens and their principals
  std::string principal_tenants;  ///< principals and their tenants
  std::string debug_keys;         ///< the keys that sign directives
};

struct TlsSettings {
  TlsListenOptions listen{};      ///< no pairs: clients connect without TLS
  TlsUpstreamOptions upstream{};  ///< for nodes with https
};

/// How the process stops.
struct DrainSettings {
  std::chrono::milliseconds delay{0};  ///< not ready, but still serving
  std::chrono::milliseconds timeout{30'000};
};

struct AdminSettings {
  HostPort listen{.host = "127.0.0.1", .port = 9901};
  std::string token{};               ///< the contents of --admin-token-file; empty: none
  std::vector<std::string> hosts{};  ///< more names that a Host header may have
  FleetHosts fleet_hosts{};          ///< hosts of other instances that the console asks
  std::string fleet_ca_file{};       ///< CAs of their certificates; empty: those of the system
  std::string token_file{};          ///< where the token stands
  std::string tokens_file{};         ///< those of several people, with their roles
  AdminRoles roles{};                ///< the contents of tokens_file
  TlsListenOptions tls{.cert_settings = "--admin-tls",
                       .client_ca_setting = "--admin-client-ca-file"};  ///< no pairs: plain HTTP
  std::string advertise{};  ///< URL or host and port for others; empty: find_advertised_url()
};

/// Those who may use the admin listener: of the tokens file, and the holder of the token.
AdminRoles admin_roles(const AdminSettings& admin);

/// Where the document is. Neither etcd endpoints nor a file: in memory.
struct DocumentSettings {
  EtcdStoreOptions etcd{};                              ///< without its `limits` and `on_change`
  std::chrono::seconds ack_ttl = EtcdAckOptions{}.ttl;  ///< how long an ack outlives the process
  std::filesystem::path file{};
  DecodeLimits limits{};
  HistoryBounds history{};  ///< in etcd; no entries: no history
};

/// All values have defaults but the nodes, of which there must be at least one. A default is
/// written once: here, or in the options of the part that the setting is for. Members: one for each
/// of these parts.
struct Settings {
  /// Of the data plane. Certificates, identities and sinks are empty: they are no settings.
  ServerOptions server{.listen = {.host = "127.0.0.1", .port = 8080},
                       .upstream = {.health_check_path = "/"},
                       .directive_budget = {.per_second = 200, .burst = 2'000}};
  std::optional<std::size_t> max_connections{};  ///< of clients; not set: see fit_connections()
  std::optional<TenantRule> tenant{};            ///< not set: the one in `server`
  IdentityFiles identity_files{};
  TlsSettings tls{};
  DrainSettings drain{};
  AdminSettings admin{};
  std::string instance{};  ///< as status and the fleet name it
  DocumentSettings document{};
  ObserverOptions observer{};
  FlightOptions flight{};
  TokenRate instance_budget{.per_second = 1'000, .burst = 10'000};  ///< records of all directives
  std::string record_log{};  ///< a file, or "-" for standard output; empty: no lines
  CaptureOptions capture{};  ///< no directory: nothing is captured
  otlp::OtlpOptions otlp{};  ///< no endpoint: no spans are exported
  std::string log_level = "info";
  bool check_only = false;  ///< --check-config: say whether osproxy could start, instead of that
};

/// A text to print instead of running: a help or the version (exit code 0), or an error (2).
struct SettingsExit {
  int exit_code;
  std::string text;  ///< for stdout if exit_code is 0, else for stderr
};

struct SettingsSources {
  std::vector<std::string> arguments;  ///< without the program's name
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

/// The process's environment. An empty variable counts as unset: docker compose and Helm make one
/// of a value that is not set.
std::optional<std::string> system_environment(const std::string& name);

std::expected<Settings, SettingsExit> read_settings(const SettingsSources& sources);

}  // namespace osproxy::app
