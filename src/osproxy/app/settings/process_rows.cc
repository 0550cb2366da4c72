// The settings of the process: the admin listener, workers, stop, log.
#include "osproxy/app/settings/group_rows.h"
#include "osproxy/app/settings/setting_storers.h"

namespace osproxy::app {
namespace {

constexpr std::size_t kMaxWorkers = 256;  // more threads than any machine has cores for

/// The token is not shown: it is a secret.
SettingForm admin_token_form() {
  return {.takes = "FILE",
          .store =
              [](Settings& s, Values v) {
                s.admin.token_file = v[0];
                return store_token(s.admin.token, v[0]);
              },
          .show = [](const Settings&) { return std::string(); }};
}

/// Nor are those who are named.
SettingForm admin_tokens_form() {
  return {.takes = "FILE",
          .store =
              [](Settings& s, Values v) {
                s.admin.tokens_file = v[0];
                return store_admin_tokens(s.admin.roles, v[0]);
              },
          .show = [](const Settings&) { return std::string(); }};
}

/// A client may send no certificate, and present a token.
Stored store_admin_client_ca(Settings& settings, Values values) {
  settings.admin.tls.client_ca_file = values[0];
  settings.admin.tls.client_auth = ClientAuth::Optional;
  return {};
}

}  // namespace

SettingGroup admin_settings() {
  return {
      .name = "admin",
      .title = "Admin listener",
      .rows = {
          {.name = "admin-listen",
           .form = address_form(OSPROXY_FIELD(admin.listen)),
           .help = "Address of the admin listener."},
          {.name = "admin-token-file",
           .form = admin_token_form(),
           .help = "File with a bearer token of the admin listener. Its holder may do all. This or "
                   "--admin-tokens-file is required if the listener can be reached from other "
                   "machines.",
           .reloads = true},
          {.name = "admin-tokens-file",
           .form = admin_tokens_form(),
           .help = "File with callers of the admin listener and their roles. It has a line for "
                   "each, with the SHA-256 of a token and perhaps tenants.",
           .reloads = true},
          {.name = "admin-tls-cert-file",
           .form = list_form("FILE",
                             [](Settings& s, Values v) {
                               return store_tls_pairs(s.admin.tls.pairs, v, &TlsPair::cert_file);
                             }),
           .help = "Certificate of the admin listener, then its issuers, as PEM. It turns TLS on. "
                   "Repeat it for several server names.",
           .reloads = true},
          {.name = "admin-tls-key-file",
           .form = list_form("FILE",
                             [](Settings& s, Values v) {
                               return store_tls_pairs(s.admin.tls.pairs, v, &TlsPair::key_file);
                             }),
           .help = "Private key of each --admin-tls-cert-file, in the same order.",
           .reloads = true},
          {.name = "admin-client-ca-file",
           .form = {.takes = "FILE",
                    .store = store_admin_client_ca,
                    .show = [](const Settings&) { return std::string(); }},
           .help = "CAs that may issue certificates of admin clients, as PEM. "
                   "--admin-tokens-file says who they are.",
           .reloads = true},
          {.name = "admin-hosts",
           .form = list_form(
               "NAME", [](Settings& s, Values v) { return store_admin_hosts(s.admin.hosts, v); }),
           .help = "Host names of the admin listener. Requests may name them, besides IP addresses "
                   "and localhost. If set, probes and scrapers from other machines must use one "
                   "of them too."},
          {.name = "admin-fleet-hosts",
           .form = list_form(
               "HOST",
               [](Settings& s, Values v) { return store_fleet_hosts(s.admin.fleet_hosts, v); }),
           .help = "Hosts of other instances that the console asks. They are names, .suffix, "
                   "addresses or blocks. Instances there get the token of whoever asks; with a "
                   "token and without this setting none is asked."},
          {.name = "admin-fleet-ca-file",
           .form = file_form(OSPROXY_FIELD(admin.fleet_ca_file)),
           .help = "CAs that may issue their admin listeners' certificates, as PEM.",
           .default_words = "the system's CAs"},
          {.name = "admin-advertise",
           .form = text_form("URL", OSPROXY_FIELD(admin.advertise), store_admin_url),
           .help = "URL or HOST:PORT under which others reach the admin listener. The instance's "
                   "ack carries it, for osproxyctl --fleet.",
           .default_words = "that of --admin-listen; if it is 0.0.0.0 or ::, the address from "
                            "which this machine reaches etcd"},
      }};
}

SettingGroup process_settings() {
  return {
      .name = "process",
      .title = "Process: name, workers, stop, log",
      .rows = {
          {.name = "instance",
           .form = text_form("NAME", OSPROXY_FIELD(instance), store_instance),
           .help = "Name of this instance in status and in the fleet.",
           .default_words = "host name and process id"},
          {.name = "workers",
           .form = count_form(OSPROXY_FIELD(server.workers), 1, kMaxWorkers),
           .help = "Threads that serve traffic.",
           .default_words = "one per CPU, within affinity and cgroup quota"},
          {.name = "drain-delay",
           .form = duration_or_none_form(OSPROXY_FIELD(drain.delay)),
           .help = "Time to serve on while /readyz fails, when told to stop. Each response in it "
                   "is the last one of its connection."},
          {.name = "drain-timeout",
           .form = duration_form(OSPROXY_FIELD(drain.timeout)),
           .help = "Longest time for requests in flight, when told to stop."},
          {.name = "log-level",
           .form = choice_form<std::string>(
               "LEVEL", OSPROXY_FIELD(log_level),
               {{"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}}),
           .help = "Least severe log lines: debug, info, warning or error.",
           .reloads = true},
      }};
}

}  // namespace osproxy::app
