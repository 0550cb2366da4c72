#include "osproxy/app/settings/setting_table.h"

#include <utility>

#include "osproxy/app/settings/setting_storers.h"
#include "osproxy/app/settings/setting_values.h"
#include "osproxy/core/duration.h"
#include "osproxy/otlp/environment.h"

namespace osproxy::app {
namespace {

constexpr unsigned kMaxWorkers = 256;  // more threads than any machine this is run on has cores
constexpr std::size_t kMaxConnections = 1'000'000;
constexpr std::size_t kMaxHeaders = 10'000;
constexpr std::size_t kMaxRecords = 10'000'000;
constexpr std::size_t kMaxBytes = std::size_t{64} << 30;

const SettingRow kTable[] = {
    {"listen", "HOST:PORT", "where clients connect (default 127.0.0.1:8080)", false,
     [](Settings& s, Values v) { return store_address(s.listen, v[0]); }},
    {"upstream", "URL", "an OpenSearch node, as in http://127.0.0.1:9200; repeat for several", true,
     store_upstreams},
    {"tls-cert-file", "FILE",
     "our certificate for clients, its issuers behind it, as PEM; repeat for several names", true,
     [](Settings& s, Values v) { return store_tls_pairs(s, v, &TlsPair::cert_file); }},
    {"tls-key-file", "FILE", "the private key of each --tls-cert-file, in the same order", true,
     [](Settings& s, Values v) { return store_tls_pairs(s, v, &TlsPair::key_file); }},
    {"tls-client-auth", "POLICY",
     "a client's certificate: none, optional or required (default none)", false,
     [](Settings& s, Values v) { return store_client_auth(s, v[0]); }},
    {"tls-client-ca-file", "FILE", "CAs that clients' certificates may be issued by, as PEM", false,
     [](Settings& s, Values v) { return store_path(s.tls_listen.client_ca_file, v[0]); }},
    {"principal-from-cert", "NAME",
     "what of a client's certificate is its principal: cn, dns, email, uri or none (default cn)",
     false, [](Settings& s, Values v) { return store_principal_name(s, v[0]); }},
    {"upstream-ca-file", "FILE",
     "CAs that the nodes' certificates may be issued by, as PEM (default: the system's)", false,
     [](Settings& s, Values v) { return store_path(s.tls_upstream.ca_file, v[0]); }},
    {"upstream-cert-file", "FILE", "our certificate for the nodes, as PEM", false,
     [](Settings& s, Values v) { return store_path(s.tls_upstream.client.cert_file, v[0]); }},
    {"upstream-key-file", "FILE", "the private key of --upstream-cert-file, as PEM", false,
     [](Settings& s, Values v) { return store_path(s.tls_upstream.client.key_file, v[0]); }},
    {"upstream-tls-verify", "SWITCH",
     "on, or off: take any certificate that a node shows (default on)", false,
     [](Settings& s, Values v) { return store_switch(s.tls_upstream.verify, v[0]); }},
    {"workers", "N", "threads that serve traffic (default: one a core)", false,
     [](Settings& s, Values v) {
       std::size_t workers = 0;
       auto stored = store_count(workers, v[0], 1, kMaxWorkers);
       if (stored) s.workers = static_cast<unsigned>(workers);
       return stored;
     }},
    {"tenant-header", "NAME",
     "the request header that names the tenant; empty: none (default X-Tenant-Id)", false,
     [](Settings& s, Values v) { return store_tenant_header(s, v[0]); }},
    {"tenant-path", "PATTERN", "instead: the path in front of OpenSearch's, as in /t/{tenant}",
     false, [](Settings& s, Values v) { return store_tenant(s, TenantRule::of_path(v[0])); }},
    {"tenant-index", "PATTERN", "instead: the names of indices, as in {tenant}-*", false,
     [](Settings& s, Values v) { return store_tenant(s, TenantRule::of_index(v[0])); }},
    {"principal-tenants-file", "FILE", "instead: the principal; a line is a principal, its tenant",
     false,
     [](Settings& s, Values v) {
       const auto stored = store_path(s.principal_tenants_file, v[0]);
       return stored ? store_tenant(s, TenantRule::of_principal()) : stored;
     }},
    {"known-tokens-file", "FILE",
     "bearer tokens that are known; a line is a principal, the SHA-256 of its token", false,
     [](Settings& s, Values v) { return store_path(s.known_tokens_file, v[0]); }},
    {"debug-key-file", "FILE",
     "keys that sign directives for single requests; a line is a key, the newest first", false,
     [](Settings& s, Values v) { return store_path(s.debug_key_file, v[0]); }},
    {"max-connections", "N", "client connections at a time, all workers together (default 10000)",
     false,
     [](Settings& s, Values v) {
       std::size_t connections = 0;
       auto stored = store_count(connections, v[0], 1, kMaxConnections);
       if (stored) s.max_connections = connections;
       return stored;
     }},
    {"max-request-line", "BYTES", "of a request; longer: 414 (default 16384)", false,
     [](Settings& s, Values v) { return store_size(s.limits.request_line, v[0]); }},
    {"max-head", "BYTES", "of a request or a response; larger: 431 or 502 (default 65536)", false,
     [](Settings& s, Values v) { return store_size(s.limits.head, v[0]); }},
    {"max-headers", "N", "header lines in a head; more: 431 or 502 (default 128)", false,
     [](Settings& s, Values v) { return store_count(s.limits.headers, v[0], 1, kMaxHeaders); }},
    {"max-body", "BYTES", "of a request; larger: 413; 0: any size (default 0)", false,
     [](Settings& s, Values v) { return store_count(s.max_body, v[0], 0, kMaxBytes); }},
    {"forwarded", "MODE", "the header Forwarded: off, add or replace (default off)", false,
     [](Settings& s, Values v) { return store_forwarding(s.forwarding.forwarded, v[0]); }},
    {"x-forwarded", "MODE",
     "the headers X-Forwarded-For, -Proto and -Host: off, add or replace (default off)", false,
     [](Settings& s, Values v) { return store_forwarding(s.forwarding.x_forwarded, v[0]); }},
    {"connect-timeout", "DURATION", "to reach an upstream node (default 5s)", false,
     [](Settings& s, Values v) { return store_duration(s.connect_timeout, v[0]); }},
    {"response-timeout", "DURATION", "to the first byte of an upstream's response (default 2m)",
     false, [](Settings& s, Values v) { return store_duration(s.response_timeout, v[0]); }},
    {"idle-timeout", "DURATION", "of a client connection without a request (default 1m15s)", false,
     [](Settings& s, Values v) { return store_duration(s.idle_timeout, v[0]); }},
    {"head-timeout", "DURATION", "from a request head's first byte to its last (default 30s)",
     false, [](Settings& s, Values v) { return store_duration(s.head_timeout, v[0]); }},
    {"transfer-timeout", "DURATION", "of a body that makes no progress, either way (default 1m)",
     false, [](Settings& s, Values v) { return store_duration(s.transfer_timeout, v[0]); }},
    {"request-timeout", "DURATION",
     "for all of a request and its response; 0s: as long as they make progress (default 0s)", false,
     [](Settings& s, Values v) { return store_duration_or_none(s.request_timeout, v[0]); }},
    {"drain-delay", "DURATION",
     "asked to stop, serve on for so long while /readyz fails (default 0s)", false,
     [](Settings& s, Values v) { return store_duration_or_none(s.drain_delay, v[0]); }},
    {"drain-timeout", "DURATION", "for requests in flight when asked to stop (default 30s)", false,
     [](Settings& s, Values v) { return store_duration(s.drain_timeout, v[0]); }},
    {"upstream-connections", "N",
     "connections to one node at a time, divided over the workers (default 1024)", false,
     [](Settings& s, Values v) { return store_count(s.upstream_connections, v[0], 1, 1'000'000); }},
    {"upstream-waiting", "N",
     "requests that wait while all nodes have as many as they may, divided over the workers "
     "(default 1024)",
     false,
     [](Settings& s, Values v) { return store_count(s.upstream_waiting, v[0], 0, 1'000'000); }},
    {"upstream-wait-timeout", "DURATION", "how long such a request waits (default 5s)", false,
     [](Settings& s, Values v) { return store_duration(s.upstream_wait_timeout, v[0]); }},
    {"upstream-idle-timeout", "DURATION", "of a kept connection to a node (default 30s)", false,
     [](Settings& s, Values v) { return store_duration(s.upstream_idle_timeout, v[0]); }},
    {"resolve-interval", "DURATION", "after which a node's name is looked up again (default 30s)",
     false, [](Settings& s, Values v) { return store_duration(s.resolve_interval, v[0]); }},
    {"health-check-path", "PATH",
     "what each node is asked for now and then, to see whether it answers; empty: nothing "
     "(default /)",
     false, [](Settings& s, Values v) { return store_target(s.health_check_path, v[0]); }},
    {"health-check-interval", "DURATION", "from one such check of a node to the next (default 5s)",
     false, [](Settings& s, Values v) { return store_duration(s.health_check_interval, v[0]); }},
    {"health-check-timeout", "DURATION", "for a node's response to a check (default 2s)", false,
     [](Settings& s, Values v) { return store_duration(s.health_check_timeout, v[0]); }},
    {"unhealthy-after", "N", "failed checks in a row that make a node unhealthy (default 2)", false,
     [](Settings& s, Values v) { return store_count(s.unhealthy_after, v[0], 1, 1'000); }},
    {"healthy-after", "N", "successful checks in a row that make it healthy again (default 2)",
     false, [](Settings& s, Values v) { return store_count(s.healthy_after, v[0], 1, 1'000); }},
    {"eject-after", "N",
     "bad responses in a row after which a node is left out for a while; 0: never (default 5)",
     false, [](Settings& s, Values v) { return store_count(s.eject_after, v[0], 0, 1'000); }},
    {"admin-listen", "HOST:PORT", "the admin listener (default 127.0.0.1:9901)", false,
     [](Settings& s, Values v) { return store_address(s.admin_listen, v[0]); }},
    {"admin-token-file", "FILE",
     "holds the bearer token of the admin listener; needed beyond loopback", false,
     [](Settings& s, Values v) { return store_token(s, v[0]); }},
    {"instance", "NAME",
     "this instance's name in status and the fleet (default: host name and pid)", false,
     [](Settings& s, Values v) { return store_instance(s, v[0]); }},
    {"etcd-endpoints", "HOST:PORT",
     "etcd's client addresses, https:// in front for TLS: read the document from etcd", true,
     store_etcd_endpoints},
    {"etcd-key", "KEY", "the document's key (default osproxy/directives)", false,
     [](Settings& s, Values v) { return store_text(s.etcd_key, v[0]); }},
    {"etcd-ca-file", "FILE",
     "CAs that etcd's certificate may be issued by, as PEM (default: the system's)", false,
     [](Settings& s, Values v) { return store_path(s.etcd_credentials.ca_file, v[0]); }},
    {"etcd-cert-file", "FILE", "our certificate for etcd, as PEM", false,
     [](Settings& s, Values v) { return store_path(s.etcd_credentials.cert_file, v[0]); }},
    {"etcd-key-file", "FILE", "the private key of --etcd-cert-file, as PEM", false,
     [](Settings& s, Values v) { return store_path(s.etcd_credentials.key_file, v[0]); }},
    {"etcd-user", "NAME", "our user in etcd; needs --etcd-password-file", false,
     [](Settings& s, Values v) { return store_text(s.etcd_credentials.user, v[0]); }},
    {"etcd-password-file", "FILE", "holds the password of --etcd-user", false,
     [](Settings& s, Values v) { return store_path(s.etcd_credentials.password_file, v[0]); }},
    {"etcd-connect-timeout", "DURATION", "to the first read, at start (default 5s)", false,
     [](Settings& s, Values v) { return store_duration(s.etcd_connect_timeout, v[0]); }},
    {"etcd-state-dir", "DIR",
     "keep the last good set in this directory, of this instance alone (default: nowhere)", false,
     [](Settings& s, Values v) -> Stored {
       if (v[0].empty()) return std::unexpected("it must be the path of a directory");
       s.etcd_state_dir = v[0];
       return {};
     }},
    {"etcd-start", "POLICY",
     "without etcd at start: fail, or serve the last good set (last-good; default fail)", false,
     [](Settings& s, Values v) -> Stored {
       if (v[0] != "fail" && v[0] != "last-good") {
         return std::unexpected("it must be fail or last-good");
       }
       s.etcd_start_last_good = v[0] == "last-good";
       return {};
     }},
    {"etcd-ack-ttl", "DURATION",
     "how long a dead instance stays in the fleet: its ack's lease (default 15s)", false,
     [](Settings& s, Values v) { return store_ack_ttl(s, v[0]); }},
    {"directives-file", "FILE", "read the document from a file, and follow its changes", false,
     [](Settings& s, Values v) -> Stored {
       if (v[0].empty()) return std::unexpected("it must be the path of a file");
       s.directives_file = v[0];
       return {};
     }},
    {"max-life", "DURATION", "the longest life of a directive (default 1d)", false,
     [](Settings& s, Values v) -> Stored {
       std::chrono::milliseconds life{0};
       const auto stored = store_duration(life, v[0]);
       if (!stored) return stored;
       if (life % std::chrono::seconds{1} != life.zero()) {
         return std::unexpected("it must be whole seconds");
       }
       s.max_life = std::chrono::duration_cast<std::chrono::seconds>(life);
       return {};
     }},
    {"explain-records", "N", "records kept by request id; 0: none (default 10000)", false,
     [](Settings& s, Values v) { return store_count(s.explain_records, v[0], 0, kMaxRecords); }},
    {"explain-bytes", "N", "bytes of records kept by request id (default 16777216)", false,
     [](Settings& s, Values v) { return store_count(s.explain_bytes, v[0], 0, kMaxBytes); }},
    {"ring-records", "N", "records in the break-glass ring; 0: none (default 1000)", false,
     [](Settings& s, Values v) { return store_count(s.ring_records, v[0], 0, kMaxRecords); }},
    {"why-requests", "N",
     "requests remembered to say why they were recorded or not; 0: none "
     "(default 10000)",
     false,
     [](Settings& s, Values v) { return store_count(s.why_requests, v[0], 0, kMaxRecords); }},
    {"record-log", "FILE",
     "each record as a line of JSON in this file, or - for standard output; off: none "
     "(default off)",
     false, [](Settings& s, Values v) { return store_record_log(s.record_log, v[0]); }},
    {"capture-dir", "DIR",
     "exchanges that a directive captures, bodies included, go to files in this directory, of this "
     "instance alone; empty: nowhere (default)",
     false, [](Settings& s, Values v) { return store_capture_dir(s, v[0]); }},
    {"capture-file-bytes", "N", "after which the next file is begun (default 67108864)", false,
     [](Settings& s, Values v) {
       return store_count(s.capture.files.file_bytes, v[0], 64 * 1024, kMaxBytes);
     }},
    {"capture-files", "N", "files that are kept; the oldest go (default 16)", false,
     [](Settings& s, Values v) { return store_count(s.capture.files.files, v[0], 1, 100'000); }},
    {"capture-body-bytes", "N",
     "of each body that are captured; what is longer is cut off, and marked (default 1048576)",
     false,
     [](Settings& s, Values v) {
       return store_count(s.capture.rules.body_bytes, v[0], 0, kMaxBytes);
     }},
    {"capture-memory-bytes", "N",
     "that exchanges may take until they are written, all together (default 67108864)", false,
     [](Settings& s, Values v) {
       return store_count(s.capture.memory_bytes, v[0], 64 * 1024, kMaxBytes);
     }},
    {"capture-secret-headers", "NAME",
     "headers that are left out, beside Authorization, Cookie and the like", true,
     store_secret_headers},
    {"capture-credentials", "SWITCH", "on: capture also the headers with credentials (default off)",
     false, [](Settings& s, Values v) { return store_switch(s.capture.rules.credentials, v[0]); }},
    {"directive-budget", "N",
     "records a second of one directive, or it is tripped; 0: any number (default 200)", false,
     [](Settings& s, Values v) { return store_rate(s.directive_budget.per_second, v[0], 0); }},
    {"directive-burst", "N", "records that one directive may make at once (default 2000)", false,
     [](Settings& s, Values v) { return store_rate(s.directive_budget.burst, v[0], 1); }},
    {"instance-budget", "N",
     "records a second of all directives, or the most expensive is tripped; 0: any number "
     "(default 1000)",
     false,
     [](Settings& s, Values v) { return store_rate(s.instance_budget.per_second, v[0], 0); }},
    {"instance-burst", "N", "records that all directives may make at once (default 10000)", false,
     [](Settings& s, Values v) { return store_rate(s.instance_budget.burst, v[0], 1); }},
    {"otlp-endpoint", "URL",
     "an OpenTelemetry collector, as in http://127.0.0.1:4318: export records as spans; empty: "
     "none",
     false, [](Settings& s, Values v) { return store_otlp_endpoint(s, v[0]); }},
    {"otlp-protocol", "PROTOCOL", "grpc or http/protobuf (default http/protobuf)", false,
     [](Settings& s, Values v) {
       return store_parsed(s.otlp.transport.protocol, otlp::parse_protocol(v[0]));
     }},
    {"otlp-headers", "NAME=VALUE", "sent to the collector, as in api-key=abc", true,
     store_otlp_headers},
    {"otlp-timeout", "DURATION", "for one request to the collector (default 10s)", false,
     [](Settings& s, Values v) { return store_duration(s.otlp.transport.timeout, v[0]); }},
    {"otlp-compression", "CODING", "gzip or none (default none)", false,
     [](Settings& s, Values v) {
       return store_parsed(s.otlp.transport.gzip, otlp::parse_compression(v[0]));
     }},
    {"otlp-insecure", "SWITCH",
     "on: no TLS to a collector that is given as HOST:PORT (default off)", false,
     [](Settings& s, Values v) { return store_switch(s.otlp.transport.insecure, v[0]); }},
    {"otlp-ca-file", "FILE",
     "CAs that the collector's certificate may be issued by, as PEM (default: the system's)", false,
     [](Settings& s, Values v) { return store_path(s.otlp.transport.ca_file, v[0]); }},
    {"otlp-cert-file", "FILE", "our certificate for the collector, as PEM", false,
     [](Settings& s, Values v) { return store_path(s.otlp.transport.client_cert_file, v[0]); }},
    {"otlp-key-file", "FILE", "the private key of --otlp-cert-file, as PEM", false,
     [](Settings& s, Values v) { return store_path(s.otlp.transport.client_key_file, v[0]); }},
    {"otlp-queue", "N", "records that may wait for the collector (default 2048)", false,
     [](Settings& s, Values v) { return store_count(s.otlp.batch.max_queue, v[0], 1, 1'000'000); }},
    {"otlp-queue-bytes", "N", "memory of the records that wait for it (default 16777216)", false,
     [](Settings& s, Values v) {
       constexpr std::size_t kLeast = 64 << 10;  // there must be room for a record
       return store_count(s.otlp.batch.max_queue_bytes, v[0], kLeast, kMaxBytes);
     }},
    {"otlp-batch", "N", "spans in one request at most (default 512)", false,
     [](Settings& s, Values v) { return store_count(s.otlp.batch.max_batch, v[0], 1, 1'000'000); }},
    {"otlp-delay", "DURATION", "that a span waits for others at most (default 5s)", false,
     [](Settings& s, Values v) { return store_duration(s.otlp.batch.delay, v[0]); }},
    {"log-level", "LEVEL", "debug, info, warning or error (default info)", false,
     [](Settings& s, Values v) { return store_log_level(s, v[0]); }},
};

}  // namespace

std::span<const SettingRow> setting_table() { return kTable; }

}  // namespace osproxy::app
