// The settings of `osproxy`: one table of names, read from flags, the environment and a file.
//
//   auto parsed = read_settings({.arguments = …, .environment = system_environment});
//   if (!parsed) { print(parsed.error().text); return parsed.error().exit_code; }
//
// A flag goes over the environment, which goes over the file, which goes over the default; each
// setting is taken whole from one of them. `--etcd-key` is `OSPROXY_ETCD_KEY` is `etcd-key = …`.
// The variables of OpenTelemetry's specification (OTEL_…) are the defaults of `--otlp-…`.
// Everything is validated here, before any socket is opened. docs/settings.md lists them all.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/capture/writer.h"
#include "osproxy/core/address.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/http/forwarding.h"
#include "osproxy/http/head.h"
#include "osproxy/identify/tenant_rule.h"
#include "osproxy/otlp/otlp_options.h"
#include "osproxy/tls/context.h"

namespace osproxy::app {

struct Settings {
  HostPort listen{.host = "127.0.0.1", .port = 8080};
  std::vector<Origin> upstreams;               ///< at least one
  unsigned workers = 1;                        ///< threads that serve traffic; default: one a core
  std::optional<TenantRule> tenant;            ///< default: the header X-Tenant-Id
  std::string principal_tenants_file;          ///< empty: principals have no tenant
  std::string known_tokens_file;               ///< empty: no token is known
  std::string debug_key_file;                  ///< empty: nobody signs directives
  std::optional<std::size_t> max_connections;  ///< of clients, all workers together
  http::HeadLimits limits{};
  std::uint64_t max_body = 0;  ///< of a request; 0: any
  http::ForwardingOptions forwarding{};
  TlsListenOptions tls_listen{};      ///< no pairs: clients come without TLS
  TlsUpstreamOptions tls_upstream{};  ///< for nodes with https
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds response_timeout{120'000};  ///< to the first byte of a response
  std::chrono::milliseconds request_timeout{0};         ///< for all of an exchange; 0: none
  std::chrono::milliseconds idle_timeout{75'000};       ///< of a kept-alive client connection
  std::chrono::milliseconds head_timeout{30'000};
  std::chrono::milliseconds transfer_timeout{60'000};  ///< of a body without progress
  std::chrono::milliseconds drain_delay{0};  ///< not ready, but serving on, when asked to stop
  std::chrono::milliseconds drain_timeout{30'000};

  std::size_t upstream_connections = 1'024;  ///< to one node, all workers together
  std::size_t upstream_waiting = 1'024;      ///< requests that wait, all workers together
  std::chrono::milliseconds upstream_wait_timeout{5'000};
  std::chrono::milliseconds upstream_idle_timeout{30'000};  ///< of a kept connection to a node
  std::chrono::milliseconds resolve_interval{30'000};       ///< of the nodes' names
  std::string health_check_path = "/";                      ///< empty: no active checks
  std::chrono::milliseconds health_check_interval{5'000};
  std::chrono::milliseconds health_check_timeout{2'000};
  std::size_t unhealthy_after = 2;  ///< failed checks in a row
  std::size_t healthy_after = 2;    ///< successful ones
  std::size_t eject_after = 5;      ///< bad responses in a row; 0: never

  HostPort admin_listen{.host = "127.0.0.1", .port = 9901};
  std::string admin_token;  ///< the contents of --admin-token-file; empty: none
  std::string instance;     ///< default: the host's name and the process id

  std::vector<std::string> etcd_endpoints;  ///< empty: the document is not in etcd
  std::string etcd_key = kDefaultEtcdKey;
  EtcdCredentials etcd_credentials{};
  std::chrono::milliseconds etcd_connect_timeout{5'000};
  std::filesystem::path etcd_state_dir;   ///< empty: the last good set is not kept
  bool etcd_start_last_good = false;      ///< else a start without etcd fails
  std::chrono::seconds etcd_ack_ttl{15};  ///< how long the ack outlives the process
  std::filesystem::path directives_file;  ///< empty: the document is not in a file
  std::chrono::seconds max_life{86'400};

  std::size_t explain_records = 10'000;
  std::size_t explain_bytes = std::size_t{16} << 20;
  std::size_t ring_records = 1'000;
  std::size_t why_requests = 10'000;
  std::string record_log;  ///< a file, or "-" for standard output; empty: no lines

  TokenRate directive_budget{.per_second = 200, .burst = 2'000};    ///< records of one directive
  TokenRate instance_budget{.per_second = 1'000, .burst = 10'000};  ///< of all of them
  otlp::OtlpOptions otlp{};  ///< no endpoint: no spans are exported

  CaptureOptions capture{};  ///< no directory: nothing is captured

  std::string log_level = "info";
};

/// Why there are no settings: `--help` and `--version` (exit code 0), or a bad setting (2).
struct SettingsExit {
  int exit_code;
  std::string text;  ///< for stdout if exit_code is 0, else for stderr
};

struct SettingsSources {
  std::vector<std::string> arguments;  ///< without the program's name
  std::function<std::optional<std::string>(const std::string& name)> environment;
};

/// The process's own environment.
std::optional<std::string> system_environment(const std::string& name);

std::expected<Settings, SettingsExit> read_settings(const SettingsSources& sources);

}  // namespace osproxy::app
