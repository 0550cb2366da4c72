// The settings of the data plane: clients, nodes, TLS, tenants and principals.
#include <cstdint>
#include <limits>

#include "osproxy/app/settings/group_rows.h"
#include "osproxy/app/settings/setting_storers.h"

namespace osproxy::app {
namespace {

constexpr std::size_t kMaxConnections = 1'000'000;
constexpr std::size_t kMaxHeaders = 10'000;
constexpr std::size_t kMaxBytes = std::size_t{64} << 30;
constexpr std::size_t kMaxWaiting = 1'000'000;
constexpr std::size_t kMaxTries = 1'000;

/// Not set, as many as the data plane takes by default.
SettingForm max_connections_form() {
  return {.takes = "N",
          .store = [](Settings& s, Values v) -> Stored {
            std::size_t connections = 0;
            auto stored = store_count(connections, v[0], 1, kMaxConnections);
            if (stored) s.max_connections = connections;
            return stored;
          },
          .show =
              [](const Settings& s) {
                return fmt::to_string(s.max_connections.value_or(s.server.max_connections));
              }};
}

/// Not set, a part of all connections.
SettingForm connections_per_client_form() {
  return {.takes = "N",
          .store = [](Settings& s, Values v) -> Stored {
            std::size_t connections = 0;
            auto stored = store_count(connections, v[0], 0, kMaxConnections);
            if (stored) s.server.max_connections_per_client = connections;
            return stored;
          },
          .show =
              [](const Settings& s) {
                const auto& given = s.server.max_connections_per_client;
                return given ? fmt::to_string(*given) : std::string();
              }};
}

SettingForm client_fields_form() {
  return {
      .takes = "LIST",
      .is_list = true,
      .store = [](Settings& s, Values v) { return store_client_fields(s.server.client_fields, v); },
      .show = [](const Settings& s) { return client_fields_text(s.server.client_fields); }};
}

/// Not set, responses keep the nodes' addresses.
SettingForm publish_address_form() {
  return {.takes = "HOST:PORT",
          .store = [](Settings& s,
                      Values v) { return store_publish_address(s.server.publish_address, v[0]); },
          .show =
              [](const Settings& s) {
                const auto& given = s.server.publish_address;
                return given ? given->to_string() : std::string();
              }};
}

/// 0 stands for any size.
SettingForm max_body_form() {
  constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
  return {.takes = "BYTES",
          .store = [](Settings& s, Values v) -> Stored {
            std::size_t bytes = 0;
            auto stored = store_count(bytes, v[0], 0, kMaxBytes);
            if (stored) s.server.max_body = bytes == 0 ? kAny : bytes;
            return stored;
          },
          .show =
              [](const Settings& s) {
                return fmt::to_string(s.server.max_body == kAny ? 0 : s.server.max_body);
              }};
}

template <class Field>
SettingForm id_policy_form(Field field) {
  using enum IdPolicy;
  return choice_form<IdPolicy>("REQUESTS", field,
                               {{"off", Off}, {"selected", Selected}, {"all", All}});
}

template <class Field>
SettingForm forwarding_form(Field field) {
  using enum http::ForwardingMode;
  return choice_form<http::ForwardingMode>("MODE", field,
                                           {{"off", Off}, {"add", Add}, {"replace", Replace}});
}

/// The header counts where no setting names the tenant.
SettingForm tenant_header_form() {
  return {.takes = "NAME",
          .store = [](Settings& s, Values v) { return store_tenant_header(s, v[0]); },
          .show =
              [](const Settings& s) {
                return std::string(s.tenant.value_or(s.server.tenant).header());
              }};
}

SettingForm tenant_pattern_form(
    std::expected<TenantRule, std::string> (*parse)(std::string_view pattern)) {
  return {.takes = "PATTERN",
          .store = [=](Settings& s, Values v) { return store_tenant(s, parse(v[0])); },
          .show = [](const Settings&) { return std::string(); }};
}

}  // namespace

SettingGroup client_settings() {
  return {
      .name = "clients",
      .title = "Clients: address, limits, timeouts",
      .rows = {
          {.name = "listen",
           .form = address_form(OSPROXY_FIELD(server.listen)),
           .help = "Address on which clients connect."},
          {.name = "max-connections",
           .form = max_connections_form(),
           .help = "Client connections at a time, all workers together. The default is lowered if "
                   "there are too few file descriptors."},
          {.name = "max-connections-per-client",
           .form = connections_per_client_form(),
           .help =
               "Connections of one client address at a time; 0 sets no limit. An IPv6 client is "
               "counted by its /64. Behind a balancer, name it in --trusted-proxies.",
           .default_words = "7/8 of --max-connections"},
          {.name = "trusted-proxies",
           .form = list_form("CIDR", store_trusted_proxies),
           .help = "Addresses of proxies in front of osproxy, such as 10.0.0.0/8. They name the "
                   "client, in Forwarded, in X-Forwarded-For or by the PROXY protocol. "
                   "--max-connections-per-client does not hold for them."},
          {.name = "proxy-protocol",
           .form = choice_form<ProxyProtocol>(
               "POLICY", OSPROXY_FIELD(server.proxy_protocol),
               {{"off", ProxyProtocol::Off}, {"required", ProxyProtocol::Required}}),
           .help = "PROXY protocol on --listen: off or required. required closes each connection "
                   "that is not from --trusted-proxies, or does not begin with a header of version "
                   "1 or 2."},
          {.name = "client-fields",
           .form = client_fields_form(),
           .help = "Parts of a client that are kept: address, agent, opaque_id, none. "
                   "Records and osproxyctl why have only these. Directives can target all of "
                   "them."},
          {.name = "max-request-line",
           .form = head_size_form(OSPROXY_FIELD(server.limits.request_line)),
           .help = "Longest request line. A longer one gets 414."},
          {.name = "max-head",
           .form = head_size_form(OSPROXY_FIELD(server.limits.head)),
           .help = "Largest head of a request. A larger one gets 431."},
          {.name = "max-response-head",
           .form = head_size_form(OSPROXY_FIELD(server.response_limits.head)),
           .help = "Largest head of a node's response. A larger one becomes a 502."},
          {.name = "max-headers",
           .form = count_form(OSPROXY_FIELD(server.limits.headers), 1, kMaxHeaders),
           .help = "Most header lines of a request. Host and other lines that proxies write do not "
                   "count. A head with more gets 431."},
          {.name = "max-body",
           .form = max_body_form(),
           .help = "Largest body of a request; 0 sets no limit. A larger one gets 413."},
          {.name = "forwarded",
           .form = forwarding_form(OSPROXY_FIELD(server.forwarding.forwarded)),
           .help = "Header Forwarded sent to nodes: off, add or replace."},
          {.name = "x-forwarded",
           .form = forwarding_form(OSPROXY_FIELD(server.forwarding.x_forwarded)),
           .help = "Headers X-Forwarded-…: off, add or replace. They are X-Forwarded-For, "
                   "X-Forwarded-Proto and X-Forwarded-Host."},
          {.name = "forward-request-id",
           .form = id_policy_form(OSPROXY_FIELD(server.upstream_ids.request_id)),
           .help = "Requests that get an X-Request-Id: off, selected or all. selected means by a "
                   "directive. A request that came with one keeps it."},
          {.name = "opaque-id",
           .form = id_policy_form(OSPROXY_FIELD(server.upstream_ids.opaque_id)),
           .help =
               "Requests that get an X-Opaque-Id: off, selected or all. It is the request id. A "
               "request that came with one keeps it. OpenSearch documents a different value for "
               "each request as misuse."},
          {.name = "publish-address",
           .form = publish_address_form(),
           .help = "Address of osproxy for clients that sniff. It takes the place of the nodes' "
                   "addresses in responses to _nodes/http. By default, they stay."},
          {.name = "idle-timeout",
           .form = duration_form(OSPROXY_FIELD(server.idle_timeout)),
           .help = "Longest time that a client connection has no request."},
          {.name = "head-timeout",
           .form = duration_form(OSPROXY_FIELD(server.head_timeout)),
           .help = "Longest time from a request head's first byte to its last."},
          {.name = "transfer-timeout",
           .form = duration_form(OSPROXY_FIELD(server.transfer_timeout)),
           .help = "Longest time that a body makes no progress, either way. It also bounds the "
                   "time from "
                   "the first byte of a response's head to its last."},
          {.name = "min-client-rate",
           .form = count_form(OSPROXY_FIELD(server.min_client_rate), 0, 1'000'000, "BYTES"),
           .help =
               "Fewest bytes per second of a body, either way; 0 sets no limit. A client that is "
               "slower loses its request, 20 seconds after the body's begin at the earliest."},
          {.name = "half-close-timeout",
           .form = duration_form(OSPROXY_FIELD(server.half_close_timeout)),
           .help = "Longest time without a response for a half-closed client. The request of a "
                   "client that has closed its side is then given up."},
          {.name = "request-timeout",
           .form = duration_or_none_form(OSPROXY_FIELD(server.request_timeout)),
           .help = "Longest time for a request and its response. 0s sets no limit: they take as "
                   "long as they make progress."},
      }};
}

SettingGroup node_settings() {
  return {
      .name = "nodes",
      .title = "OpenSearch nodes: connections, timeouts, health checks",
      .rows = {
          {.name = "upstream",
           .form = list_form("URL", store_upstreams),
           .help =
               "OpenSearch node, such as http://127.0.0.1:9200. Required; repeat it for several "
               "nodes."},
          {.name = "connect-timeout",
           .form = duration_form(OSPROXY_FIELD(server.upstream.connect_timeout)),
           .help = "Longest time to connect to a node."},
          {.name = "response-timeout",
           .form = duration_or_none_form(OSPROXY_FIELD(server.response_timeout)),
           .help = "Longest wait for the first byte of a node's response. 0s sets no limit: a "
                   "_reindex that waits for completion is silent for hours."},
          {.name = "upstream-connections",
           .form = count_form(OSPROXY_FIELD(server.upstream.max_connections), 1, kMaxConnections),
           .help = "Connections to one node at a time, all workers together. One client gets at "
                   "most three quarters of them."},
          {.name = "upstream-waiting",
           .form = count_form(OSPROXY_FIELD(server.upstream.max_waiting), 0, kMaxWaiting),
           .help = "Requests that may wait for a connection to a node. They wait while all nodes "
                   "are at --upstream-connections. The number is divided among the workers."},
          {.name = "upstream-wait-timeout",
           .form = duration_form(OSPROXY_FIELD(server.upstream.wait_timeout)),
           .help = "Longest time that a request waits for a connection to a node."},
          {.name = "upstream-idle-timeout",
           .form = duration_form(OSPROXY_FIELD(server.upstream.idle_timeout)),
           .help = "Longest time that a connection to a node stays open unused."},
          {.name = "resolve-interval",
           .form = duration_form(OSPROXY_FIELD(server.upstream.resolve_interval)),
           .help = "Time after which a node's name is resolved again."},
          {.name = "health-check-path",
           .form =
               text_form("PATH", OSPROXY_FIELD(server.upstream.health_check_path), store_target),
           .help = "Path requested of each node to check its health. Empty turns the checks off."},
          {.name = "health-check-interval",
           .form = duration_form(OSPROXY_FIELD(server.upstream.health_check.interval)),
           .help = "Time from one health check of a node to the next."},
          {.name = "health-check-timeout",
           .form = duration_form(OSPROXY_FIELD(server.upstream.health_check_timeout)),
           .help = "Longest wait for the response to a health check."},
          {.name = "unhealthy-after",
           .form = count_form(OSPROXY_FIELD(server.upstream.health_check.unhealthy_after), 1,
                              kMaxTries),
           .help = "Failed checks in a row that make a node unhealthy."},
          {.name = "healthy-after",
           .form =
               count_form(OSPROXY_FIELD(server.upstream.health_check.healthy_after), 1, kMaxTries),
           .help = "Successful checks in a row that make it healthy again."},
          {.name = "eject-after",
           .form = count_form(OSPROXY_FIELD(server.upstream.eject_after), 0, kMaxTries),
           .help = "Bad responses in a row that make a node suspect; 0 turns this off. The node is "
                   "ejected, and gets no requests for a while, if a health check fails too, or if "
                   "several clients got a bad status or none in time."},
      }};
}

SettingGroup tls_settings() {
  using enum ClientAuth;
  return {
      .name = "tls",
      .title = "TLS with clients and with nodes",
      .rows = {
          {.name = "tls-cert-file",
           .form = list_form("FILE",
                             [](Settings& s, Values v) {
                               return store_tls_pairs(s.tls.listen.pairs, v, &TlsPair::cert_file);
                             }),
           .help = "Certificate for clients, then its issuers, as PEM. Repeat it for several "
                   "server names.",
           .reloads = true},
          {.name = "tls-key-file",
           .form = list_form("FILE",
                             [](Settings& s, Values v) {
                               return store_tls_pairs(s.tls.listen.pairs, v, &TlsPair::key_file);
                             }),
           .help = "Private key of each --tls-cert-file, in the same order.",
           .reloads = true},
          {.name = "tls-client-auth",
           .form = choice_form<ClientAuth>(
               "POLICY", OSPROXY_FIELD(tls.listen.client_auth),
               {{"none", None}, {"optional", Optional}, {"required", Required}}),
           .help = "Certificates of clients: none, optional or required.",
           .reloads = true},
          {.name = "tls-client-ca-file",
           .form = file_form(OSPROXY_FIELD(tls.listen.client_ca_file)),
           .help = "CAs that may issue clients' certificates, as PEM.",
           .reloads = true},
          {.name = "upstream-ca-file",
           .form = file_form(OSPROXY_FIELD(tls.upstream.ca_file)),
           .help = "CAs that may issue the nodes' certificates, as PEM.",
           .default_words = "the system's CAs",
           .reloads = true},
          {.name = "upstream-cert-file",
           .form = file_form(OSPROXY_FIELD(tls.upstream.client.cert_file)),
           .help = "Certificate of osproxy for the nodes, as PEM.",
           .reloads = true},
          {.name = "upstream-key-file",
           .form = file_form(OSPROXY_FIELD(tls.upstream.client.key_file)),
           .help = "Private key of --upstream-cert-file, as PEM.",
           .reloads = true},
          {.name = "upstream-tls-verify",
           .form = switch_form(OSPROXY_FIELD(tls.upstream.verify)),
           .help = "Verify the nodes' certificates: on or off. off accepts any certificate.",
           .reloads = true},
      }};
}

SettingGroup tenant_settings() {
  using enum CertificateName;
  return {
      .name = "tenants",
      .title = "Tenants and principals",
      .rows = {
          {.name = "tenant-header",
           .form = tenant_header_form(),
           .help = "Request header that names the tenant. Empty: requests have no tenant. "
                   "--tenant-header, --tenant-path, --tenant-index and --principal-tenants-file "
                   "exclude each other."},
          {.name = "tenant-path",
           .form = tenant_pattern_form(TenantRule::of_path),
           .help = "Path prefix that names the tenant, such as /t/{tenant}."},
          {.name = "tenant-index",
           .form = tenant_pattern_form(TenantRule::of_index),
           .help = "Index names that name the tenant, such as {tenant}-*."},
          {.name = "principal-tenants-file",
           .form = {.takes = "FILE",
                    .store = [](Settings& s, Values v) { return store_principal_tenants(s, v[0]); },
                    .show = [](const Settings& s) { return s.identity_files.principal_tenants; }},
           .help =
               "File with the tenant of each principal. A line holds a principal and its tenant.",
           .reloads = true},
          {.name = "principal-from-cert",
           .form = choice_form<CertificateName>(
               "NAME", OSPROXY_FIELD(tls.listen.principal),
               {{"cn", CommonName}, {"dns", Dns}, {"email", Email}, {"uri", Uri}, {"none", None}}),
           .help = "Field of a client's certificate that is the principal. It is cn, dns, email, "
                   "uri or none.",
           .reloads = true},
          {.name = "known-tokens-file",
           .form = file_form(OSPROXY_FIELD(identity_files.known_tokens)),
           .help = "File with the known bearer tokens. A line holds a principal and the SHA-256 of "
                   "its token.",
           .reloads = true},
      }};
}

}  // namespace osproxy::app
