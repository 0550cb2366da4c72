// The settings of the diagnostics: directives, etcd, records, capture, the export of spans.
#include "osproxy/app/settings/group_rows.h"
#include "osproxy/app/settings/setting_storers.h"
#include "osproxy/otlp/environment.h"

namespace osproxy::app {
namespace {

constexpr std::size_t kMaxRecords = 10'000'000;
constexpr std::size_t kMaxBytes = std::size_t{64} << 30;
constexpr std::size_t kLeastMemory = 64 * 1024;    // a record or an exchange must fit
constexpr std::size_t kMaxMetricsTenants = 1'000;  // five time series each
constexpr std::size_t kMaxFiles = 100'000;
// A list sorts all of them in etcd.
constexpr std::size_t kMaxHistoryEntries = 100'000;
constexpr std::size_t kMaxSpans = 1'000'000;

/// A path that is not empty; `wanted` says of what.
template <class Field>
SettingForm new_path_form(const char* takes, Field field, const char* wanted) {
  return text_form(takes, field,
                   [=](std::filesystem::path& out, const std::string& text) -> Stored {
                     if (text.empty())
                       return std::unexpected(std::string("it must be the path of a ") + wanted);
                     out = text;
                     return {};
                   });
}

/// A value that `parse` returns and `print` shows.
template <class Field, class Value, class Print>
SettingForm parsed_form(const char* takes, Field field,
                        std::expected<Value, std::string> (*parse)(std::string_view text),
                        Print print) {
  const auto store = [=](Value& out, const std::string& text) -> Stored {
    auto parsed = parse(text);
    if (!parsed) return std::unexpected(std::move(parsed).error());
    out = *std::move(parsed);
    return {};
  };
  return value_form(takes, field, store, print);
}

/// The empty path is shown as `off`.
SettingForm record_log_form() {
  return value_form("FILE", OSPROXY_FIELD(record_log), store_record_log,
                    [](const std::string& path) { return path.empty() ? "off" : path; });
}

SettingForm otlp_endpoint_form() {
  return {.takes = "URL",
          .store = [](Settings& s, Values v) { return store_otlp_endpoint(s, v[0]); },
          .show = [](const Settings& s) { return s.otlp.transport.endpoint; }};
}

std::string name_of(otlp::Protocol protocol) {
  switch (protocol) {
    case otlp::Protocol::Grpc:
      return "grpc";
    case otlp::Protocol::HttpProtobuf:
      return "http/protobuf";
  }
  std::unreachable();
}

Stored store_history_age(std::chrono::seconds& age, const std::string& text) {
  constexpr std::chrono::hours kLeast{1};
  constexpr std::chrono::days kMost{3'660};
  const auto parsed = parse_duration(text);
  if (!parsed || *parsed < kLeast || *parsed > kMost) {
    return std::unexpected("it must be a duration from 1h to 87840h");
  }
  age = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
  return {};
}

}  // namespace

SettingGroup directive_settings() {
  return {
      .name = "directives",
      .title = "Directives: document, lifetime, budgets",
      .rows = {
          {.name = "directives-file",
           .form = new_path_form("FILE", OSPROXY_FIELD(document.file), "file"),
           .help = "File with the document, an alternative to etcd. osproxy follows its changes."},
          {.name = "max-life",
           .form = value_form("DURATION", OSPROXY_FIELD(document.limits.max_life), store_max_life,
                              format_duration),
           .help = "Longest life of a directive."},
          {.name = "debug-key-file",
           .form = file_form(OSPROXY_FIELD(identity_files.debug_keys)),
           .help = "File with the keys of signed directives. A line holds a key, the newest first.",
           .reloads = true},
          {.name = "directive-budget",
           .form = rate_form(OSPROXY_FIELD(server.directive_budget.per_second), 0),
           .help = "Records per second of one directive; 0 sets no limit. A directive that asks "
                   "for more is thinned out."},
          {.name = "directive-burst",
           .form = rate_form(OSPROXY_FIELD(server.directive_budget.burst), 1),
           .help = "Records that one directive may make at once."},
          {.name = "instance-budget",
           .form = rate_form(OSPROXY_FIELD(instance_budget.per_second), 0),
           .help = "Records per second of all directives; 0 sets no limit. Beyond it, the most "
                   "expensive directives are thinned out."},
          {.name = "instance-burst",
           .form = rate_form(OSPROXY_FIELD(instance_budget.burst), 1),
           .help = "Records that all directives may make at once."},
      }};
}

SettingGroup etcd_settings() {
  return {
      .name = "etcd",
      .title = "etcd: where the document is shared by a fleet",
      .rows = {
          {.name = "etcd-endpoints",
           .form = list_form("HOST:PORT", store_etcd_endpoints),
           .help = "Client addresses of etcd, which holds the document. With https:// in front, "
                   "the connection uses TLS."},
          {.name = "etcd-key",
           .form = text_form("KEY", OSPROXY_FIELD(document.etcd.target.key), store_text),
           .help = "Key of the document."},
          {.name = "etcd-ca-file",
           .form = file_form(OSPROXY_FIELD(document.etcd.target.credentials.ca_file)),
           .help = "CAs that may issue etcd's certificate, as PEM.",
           .default_words = "the system's CAs"},
          {.name = "etcd-cert-file",
           .form = file_form(OSPROXY_FIELD(document.etcd.target.credentials.cert_file)),
           .help = "Certificate of osproxy for etcd, as PEM. Each connection reads the files for "
                   "etcd again."},
          {.name = "etcd-key-file",
           .form = file_form(OSPROXY_FIELD(document.etcd.target.credentials.key_file)),
           .help = "Private key of --etcd-cert-file, as PEM."},
          {.name = "etcd-user",
           .form =
               text_form("NAME", OSPROXY_FIELD(document.etcd.target.credentials.user), store_text),
           .help = "User name in etcd. It needs --etcd-password-file."},
          {.name = "etcd-password-file",
           .form = file_form(OSPROXY_FIELD(document.etcd.target.credentials.password_file)),
           .help = "File with the password of --etcd-user."},
          {.name = "etcd-connect-timeout",
           .form = duration_form(OSPROXY_FIELD(document.etcd.connect_timeout)),
           .help = "Longest wait for the first read, at start."},
          {.name = "etcd-state-dir",
           .form = new_path_form("DIR", OSPROXY_FIELD(document.etcd.state_dir), "directory"),
           .help = "Directory that keeps the last good directive set. No other instance may use "
                   "it."},
          {.name = "etcd-start",
           .form = choice_form<StartPolicy>(
               "POLICY", OSPROXY_FIELD(document.etcd.start),
               {{"fail", StartPolicy::Fail}, {"last-good", StartPolicy::LastGood}}),
           .help = "Start without etcd: fail or last-good. last-good serves the set that is in "
                   "--etcd-state-dir."},
          {.name = "etcd-ack-ttl",
           .form = value_form("DURATION", OSPROXY_FIELD(document.ack_ttl), store_ack_ttl,
                              format_duration),
           .help = "Time that a dead instance stays in the fleet. It is the lease of its ack."},
          {.name = "history-entries",
           .form = count_form(OSPROXY_FIELD(document.history.entries), 0, kMaxHistoryEntries),
           .help = "Changes of the document that its history in etcd keeps; 0: none."},
          {.name = "history-age",
           .form = value_form("DURATION", OSPROXY_FIELD(document.history.age), store_history_age,
                              format_duration),
           .help = "Time for which the history keeps a change."},
      }};
}

SettingGroup record_settings() {
  return {
      .name = "records",
      .title = "Records: how many are kept, and where",
      .rows = {
          {.name = "explain-records",
           .form = count_form(OSPROXY_FIELD(observer.explain_max_records), 0, kMaxRecords),
           .help = "Records kept by request id; 0 keeps none."},
          {.name = "explain-bytes",
           .form = count_form(OSPROXY_FIELD(observer.explain_max_bytes), 0, kMaxBytes, "BYTES"),
           .help = "Memory of the records kept by request id."},
          {.name = "ring-records",
           .form = count_form(OSPROXY_FIELD(observer.ring_records), 0, kMaxRecords),
           .help = "Records in the break-glass ring; 0 keeps none."},
          {.name = "why-requests",
           .form = count_form(OSPROXY_FIELD(observer.why_requests), 0, kMaxRecords),
           .help = "Requests remembered for `osproxyctl why`; 0 keeps none. It says why a request "
                   "was recorded or not."},
          {.name = "recorder-bytes",
           .form = count_form(OSPROXY_FIELD(flight.bytes), 0, kMaxBytes, "BYTES"),
           .help = "Memory of the flight recorder; 0 turns it off. The least is 65536 a worker. "
                   "It keeps samples of all requests for `osproxyctl top`, `recent` and `plan`."},
          {.name = "recorder-window",
           .form = duration_form(OSPROXY_FIELD(flight.window)),
           .help = "Time for which the flight recorder keeps a sample."},
          {.name = "slow-after",
           .form = duration_form(OSPROXY_FIELD(flight.slow_after)),
           .help = "Duration from which a request counts as slow. The flight recorder keeps all "
                   "slow and failed requests, as far as it has room."},
          {.name = "metrics-tenants",
           .form = count_form(OSPROXY_FIELD(observer.metrics_tenants), 0, kMaxMetricsTenants),
           .help =
               "Tenants that have their own metrics; 0 is none. The first ones whose requests a "
               "node accepts get them; the rest is `other`."},
          {.name = "record-log",
           .form = record_log_form(),
           .help = "File for each record as a line of JSON. - is standard output, off writes no "
                   "lines. SIGHUP reopens the file by its name."},
      }};
}

SettingGroup capture_settings() {
  return {
      .name = "capture",
      .title = "Capture: whole exchanges, bodies included, in files",
      .rows = {
          {.name = "capture-dir",
           .form = text_form("DIR", OSPROXY_FIELD(capture.files.directory), store_capture_dir),
           .help = "Directory for the exchanges that directives capture. Empty captures nothing. "
                   "No other instance may use it."},
          {.name = "capture-file-bytes",
           .form = count_form(OSPROXY_FIELD(capture.files.file_bytes), kLeastMemory, kMaxBytes,
                              "BYTES"),
           .help = "Size of a capture file after which the next one begins."},
          {.name = "capture-files",
           .form = count_form(OSPROXY_FIELD(capture.files.files), 1, kMaxFiles),
           .help = "Capture files that are kept. The oldest is removed."},
          {.name = "capture-body-bytes",
           .form = count_form(OSPROXY_FIELD(capture.rules.body_bytes), 0, kMaxBytes, "BYTES"),
           .help = "Bytes captured of each body. A longer body is cut off and marked."},
          {.name = "capture-memory-bytes",
           .form =
               count_form(OSPROXY_FIELD(capture.memory_bytes), kLeastMemory, kMaxBytes, "BYTES"),
           .help = "Memory of all exchanges that are not written yet."},
          {.name = "capture-secret-headers",
           .form = list_form("NAME",
                             [](Settings& s, Values v) {
                               return store_secret_headers(s.capture.rules.secret_headers, v);
                             }),
           .help = "More headers to leave out. Authorization, Cookie and the like are always left "
                   "out."},
          {.name = "capture-credentials",
           .form = switch_form(OSPROXY_FIELD(capture.rules.credentials)),
           .help = "Capture headers with credentials as well: on or off."},
      }};
}

SettingGroup otlp_settings() {
  return {.name = "otlp",
          .title = "OpenTelemetry: export of records as spans",
          .rows = {
              {.name = "otlp-endpoint",
               .form = otlp_endpoint_form(),
               .help = "Collector, such as http://127.0.0.1:4318. It gets records as spans. Empty "
                       "exports nothing."},
              {.name = "otlp-protocol",
               .form = parsed_form("PROTOCOL", OSPROXY_FIELD(otlp.transport.protocol),
                                   otlp::parse_protocol, name_of),
               .help = "Protocol of the export: grpc or http/protobuf."},
              {.name = "otlp-headers",
               .form = list_form("NAME=VALUE",
                                 [](Settings& s, Values v) {
                                   return store_otlp_headers(s.otlp.transport.headers, v);
                                 }),
               .help = "Headers sent to the collector, such as x-team=search. Anyone on the host "
                       "can read a process's arguments: secrets belong in --otlp-headers-file."},
              {.name = "otlp-headers-file",
               .form = {.takes = "FILE",
                        .store =
                            [](Settings& s, Values v) {
                              return store_otlp_headers_file(s.otlp.transport, v[0]);
                            },
                        .show = [](const Settings& s) { return s.otlp.transport.headers_file; }},
               .help = "File with more headers for the collector. A line holds one, such as "
                       "api-key=abc, percent-encoded."},
              {.name = "otlp-timeout",
               .form = duration_form(OSPROXY_FIELD(otlp.transport.timeout)),
               .help = "Longest time of one request to the collector."},
              {.name = "otlp-compression",
               .form = parsed_form("CODING", OSPROXY_FIELD(otlp.transport.gzip),
                                   otlp::parse_compression,
                                   [](bool gzip) -> std::string { return gzip ? "gzip" : "none"; }),
               .help = "Compression of requests to the collector: gzip or none."},
              {.name = "otlp-insecure",
               .form = switch_form(OSPROXY_FIELD(otlp.transport.insecure)),
               .help = "Use no TLS to a collector given as HOST:PORT: on or off."},
              {.name = "otlp-ca-file",
               .form = file_form(OSPROXY_FIELD(otlp.transport.ca_file)),
               .help = "CAs that may issue the collector's certificate, as PEM.",
               .default_words = "the system's CAs"},
              {.name = "otlp-cert-file",
               .form = file_form(OSPROXY_FIELD(otlp.transport.client_cert_file)),
               .help = "Certificate of osproxy for the collector, as PEM."},
              {.name = "otlp-key-file",
               .form = file_form(OSPROXY_FIELD(otlp.transport.client_key_file)),
               .help = "Private key of --otlp-cert-file, as PEM."},
              {.name = "otlp-queue",
               .form = count_form(OSPROXY_FIELD(otlp.batch.max_queue), 1, kMaxSpans),
               .help = "Records that may wait for the collector."},
              {.name = "otlp-queue-bytes",
               .form = count_form(OSPROXY_FIELD(otlp.batch.max_queue_bytes), kLeastMemory,
                                  kMaxBytes, "BYTES"),
               .help = "Memory of the records that wait for the collector."},
              {.name = "otlp-batch",
               .form = count_form(OSPROXY_FIELD(otlp.batch.max_batch), 1, kMaxSpans),
               .help = "Most spans in one request to the collector."},
              {.name = "otlp-delay",
               .form = duration_form(OSPROXY_FIELD(otlp.batch.delay)),
               .help = "Longest time that a span waits for others."},
          }};
}

}  // namespace osproxy::app
