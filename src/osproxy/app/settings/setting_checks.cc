#include "osproxy/app/settings/setting_checks.h"

#include "osproxy/app/settings/identity_files.h"
#include "osproxy/app/settings/tls_files.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/otlp/credentials.h"
#include "osproxy/otlp/target.h"

namespace osproxy::app {
namespace {

std::expected<void, std::string> check_etcd(const Settings& settings) {
  const EtcdTarget& target = settings.document.etcd.target;
  if (target.endpoints.empty()) {
    if (target.credentials == EtcdCredentials{}) return {};
    return std::unexpected("--etcd-endpoints is missing, but files or a user for etcd are given");
  }
  const auto checked = etcd::check_target(target);
  if (!checked) return std::unexpected(checked.error().message);
  return {};
}

std::expected<void, std::string> check_document(const DocumentSettings& document) {
  const bool in_etcd = !document.etcd.target.endpoints.empty();
  if (in_etcd && !document.file.empty()) {
    return std::unexpected(
        "--etcd-endpoints and --directives-file exclude each other: the document is in one place");
  }
  if (document.etcd.start == StartPolicy::LastGood && document.etcd.state_dir.empty()) {
    return std::unexpected("--etcd-start=last-good needs --etcd-state-dir");
  }
  if (!document.etcd.state_dir.empty() && !in_etcd) {
    return std::unexpected("--etcd-state-dir needs --etcd-endpoints");
  }
  return {};
}

/// A worker keeps some pages each of ordinary samples and of slow or failed ones, and a page has
/// room for a sample with long names (flight/sample_log.h). With less it keeps next to nothing.
constexpr std::size_t kLeastRecorderBytes = std::size_t{64} << 10;

std::expected<void, std::string> check_recorder(const Settings& settings) {
  const std::size_t bytes = settings.flight.bytes;
  const std::size_t least = settings.server.workers * kLeastRecorderBytes;
  if (bytes == 0 || bytes >= least) return {};
  return std::unexpected("--recorder-bytes is " + std::to_string(bytes) +
                         ": the flight recorder needs 65536 for each worker, " +
                         std::to_string(least) + " in all; 0 turns it off");
}

std::expected<void, std::string> check_otlp(const Settings& settings) {
  const otlp::TransportOptions& transport = settings.otlp.transport;
  if (!settings.otlp.is_on()) return {};
  if (const auto target = otlp::parse_target(transport); !target) {
    return std::unexpected("--otlp-endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT) is \"" +
                           transport.endpoint + "\": " + target.error());
  }
  if (const auto credentials = otlp::read_credentials(transport); !credentials) {
    return std::unexpected(
        "--otlp-ca-file, --otlp-cert-file or --otlp-key-file (or OTEL_EXPORTER_OTLP_CERTIFICATE, "
        "_CLIENT_CERTIFICATE or _CLIENT_KEY): " +
        credentials.error());
  }
  return {};
}

std::expected<void, std::string> check_admin(const AdminSettings& admin) {
  if (!is_loopback(admin.listen.host) && admin_roles(admin).is_empty()) {
    return std::unexpected(
        "--admin-listen is beyond loopback: --admin-token-file or --admin-tokens-file must be "
        "given");
  }
  if (admin.roles.knows_certificates() && admin.tls.client_ca_file.empty()) {
    return std::unexpected(
        "--admin-tokens-file names certificates: --admin-client-ca-file must be given");
  }
  return {};
}

}  // namespace

std::expected<void, std::string> check_together(const Settings& settings) {
  if (settings.server.upstream.nodes.empty()) {
    return std::unexpected("--upstream is missing: name a node, as in http://127.0.0.1:9200");
  }
  if (auto checked = check_document(settings.document); !checked) return checked;
  if (auto checked = check_admin(settings.admin); !checked) return checked;
  if (settings.server.limits.request_line > settings.server.limits.head) {
    return std::unexpected("--max-request-line is larger than --max-head, which includes it");
  }
  if (settings.server.proxy_protocol == ProxyProtocol::Required &&
      settings.server.trusted_proxies.empty()) {
    return std::unexpected(
        "--proxy-protocol=required needs --trusted-proxies: nobody else connects");
  }
  if (settings.capture.rules.body_bytes > settings.capture.memory_bytes) {
    return std::unexpected("--capture-body-bytes is larger than --capture-memory-bytes");
  }
  if (auto checked = check_recorder(settings); !checked) return checked;
  if (const auto known = read_identities(settings); !known) {
    return std::unexpected(known.error());
  }
  if (auto checked = check_tls(settings); !checked) return checked;
  if (auto checked = check_otlp(settings); !checked) return checked;
  return check_etcd(settings);
}

}  // namespace osproxy::app
