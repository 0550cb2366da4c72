// The settings of the data plane. Plain values; app/settings fills them from flags and files.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/capture/writer.h"
#include "osproxy/core/address.h"
#include "osproxy/core/cidr.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/flight/flight_recorder.h"
#include "osproxy/http/forwarding.h"
#include "osproxy/http/head.h"
#include "osproxy/identify/identities.h"
#include "osproxy/identify/tenant_rule.h"
#include "osproxy/proxy/upstream_ids.h"
#include "osproxy/record/client_fields.h"
#include "osproxy/tls/context.h"
#include "osproxy/tls/failure.h"
#include "osproxy/upstream/options.h"

namespace osproxy {

class CursorTable;

enum class ProxyProtocol : std::uint8_t {
  Off,
  Required,  ///< of each connection; others are closed
};

/// Members: one for each setting; an instance is made once and then read by parts.
struct ServerOptions {
  HostPort listen{.host = "127.0.0.1", .port = 0};  ///< port 0: any; see Server::address()
  int listener = -1;  ///< a socket that listens already, taken over instead of `listen`
  unsigned workers = 1;
  /// Its `workers` and `handshake_timeout` are set from the members here, and its `dead_after` is
  /// at least `transfer_timeout`.
  UpstreamOptions upstream{};
  TenantRule tenant = TenantRule::of_header("X-Tenant-Id");
  /// The identities at the start; Server::replace_identities() replaces them.
  std::shared_ptr<const Identities> identities = std::make_shared<const Identities>();
  /// At start; Server::replace_tls() replaces them.
  std::shared_ptr<const TlsContexts> tls = std::make_shared<const TlsContexts>();
  std::function<void(const TlsReport&)> on_tls_failure{};  ///< called by the workers' threads
  std::size_t max_connections = 10'000;                    ///< of clients, all workers together
  /// Of one client address; 0: no limit; nullopt: see ServerOptions::connections_of_one().
  std::optional<std::size_t> max_connections_per_client{};
  /// Addresses with many clients behind them: they name the client, in a header of the request or
  /// by the PROXY protocol, and have no limit of connections for each.
  std::vector<Cidr> trusted_proxies{};
  ProxyProtocol proxy_protocol = ProxyProtocol::Off;  ///< Required: only trusted proxies connect
  ClientFields client_fields{};                       ///< what is kept of a client's identity
  http::HeadLimits limits{};                          ///< of a request's head
  http::HeadLimits response_limits = http::kResponseHeadLimits;
  std::uint64_t max_body = std::numeric_limits<std::uint64_t>::max();  ///< of a request; else 413
  http::ForwardingOptions forwarding{};
  /// Takes the place of the nodes' addresses in responses to `_nodes/http`; nullopt: they stay.
  std::optional<HostPort> publish_address{};
  bool dates = true;           ///< a response that has no `Date` gets one (RFC 9110, section 6.6.1)
  UpstreamIds upstream_ids{};  ///< the requests that a node gets an id of osproxy with
  TokenRate directive_budget{};           ///< records that a directive may make
  std::chrono::seconds max_life{86'400};  ///< of a signed directive, as of any other
  CaptureWriter* capture =
      nullptr;  ///< where captured exchanges go; null: nowhere. Outlives the server
  CursorTable* cursors = nullptr;    ///< open scrolls and points in time; null: off. Outlives it
  FlightRecorder* flight = nullptr;  ///< keeps samples of all requests; null: off. Outlives it too
  bool spans = false;  ///< a selected request gets span ids, and its node a `traceparent` with them

  // Deadlines are kept by a tick of a quarter of a second: no request needs them finer.
  std::chrono::milliseconds handshake_timeout{10'000};  ///< of TLS, on either side
  std::chrono::milliseconds head_timeout{30'000};       ///< from a head's first byte to its last
  std::chrono::milliseconds idle_timeout{75'000};       ///< of a client between two requests
  std::chrono::milliseconds response_timeout{0};        ///< to a response's first byte; 0: none
  std::chrono::milliseconds transfer_timeout{60'000};   ///< without progress in a body, either way
  std::chrono::milliseconds request_timeout{0};         ///< for an exchange, head to end; 0: none
  std::chrono::milliseconds half_close_timeout{1'000};  ///< see exchange_watch.h
  std::uint64_t min_client_rate = 500;                  ///< bytes per second of a body; 0: any

  /// The limit for one client address. By default one address cannot take all connections: an
  /// eighth is left to the others.
  std::size_t connections_of_one() const noexcept {
    return max_connections_per_client.value_or(max_connections - max_connections / 8);
  }
};

}  // namespace osproxy
