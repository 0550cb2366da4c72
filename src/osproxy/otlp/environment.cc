#include "osproxy/otlp/environment.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace osproxy::otlp {
namespace {

using Stored = std::expected<void, std::string>;

/// Makes `name is "text": clause`. Does not show headers, which may be secrets.
std::string complaint(const std::string& name, const std::string& text, const std::string& clause) {
  const bool is_secret = name.ends_with("_HEADERS");
  return name + (is_secret ? " is no good" : " is \"" + text + "\"") + ": " + clause;
}

/// Moves a parser's result to `out`.
template <class T>
Stored store(std::expected<T, std::string> parsed, T& out) {
  if (!parsed) return std::unexpected(std::move(parsed).error());
  out = *std::move(parsed);
  return {};
}

Stored store_number(const std::string& text, std::size_t most, std::size_t& out) {
  std::size_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || value == 0 || value > most) {
    return std::unexpected("it must be a whole number from 1 to " + std::to_string(most));
  }
  out = value;
  return {};
}

Stored store_millis(const std::string& text, std::chrono::milliseconds& out) {
  constexpr std::size_t kHour = 3'600'000;
  std::size_t value = 0;
  auto stored = store_number(text, kHour, value);
  if (stored) out = std::chrono::milliseconds(value);
  return stored;
}

Stored store_bool(const std::string& text, bool& out) {
  if (text != "true" && text != "false") return std::unexpected("it must be true or false");
  out = text == "true";
  return {};
}

Stored store_text(const std::string& text, std::string& out) {
  out = text;
  return {};
}

/// Reads one variable after the other; the first wrong value is the error.
class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(environment) {}

  /// Calls `take` with the variable's value, if it is set.
  template <class Take>
  bool read(const std::string& name, Take&& take) {
    const auto text = environment_(name);
    if (!error_.empty() || !text || text->empty()) return false;
    if (const Stored stored = take(*text); !stored) {
      error_ = complaint(name, *text, stored.error());
    }
    return true;
  }

  /// Reads the variable for traces, or else the one for all signals.
  template <class Take>
  void read_exporter(const std::string& name, Take&& take) {
    if (!read("OTEL_EXPORTER_OTLP_TRACES_" + name, take)) {
      read("OTEL_EXPORTER_OTLP_" + name, take);
    }
  }

  const std::string& error() const noexcept { return error_; }

 private:
  const Environment& environment_;
  std::string error_;
};

void read_transport(Reader& reader, TransportOptions& to) {
  using Text = const std::string&;
  reader.read("OTEL_EXPORTER_OTLP_ENDPOINT", [&](Text t) { return store_text(t, to.endpoint); });
  if (reader.read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                  [&](Text t) { return store_text(t, to.endpoint); })) {
    to.endpoint_is_base = false;
  }
  reader.read_exporter("PROTOCOL", [&](Text t) { return store(parse_protocol(t), to.protocol); });
  reader.read_exporter("HEADERS", [&](Text t) { return store(parse_headers(t), to.headers); });
  reader.read_exporter("TIMEOUT", [&](Text t) { return store_millis(t, to.timeout); });
  reader.read_exporter("COMPRESSION", [&](Text t) { return store(parse_compression(t), to.gzip); });
  reader.read_exporter("INSECURE", [&](Text t) { return store_bool(t, to.insecure); });
  reader.read_exporter("CERTIFICATE", [&](Text t) { return store_text(t, to.ca_file); });
  reader.read_exporter("CLIENT_CERTIFICATE",
                       [&](Text t) { return store_text(t, to.client_cert_file); });
  reader.read_exporter("CLIENT_KEY", [&](Text t) { return store_text(t, to.client_key_file); });
}

void read_batch(Reader& reader, BatchOptions& to, std::chrono::milliseconds& timeout) {
  using Text = const std::string&;
  constexpr std::size_t kMost = 1'000'000;
  reader.read("OTEL_BSP_SCHEDULE_DELAY", [&](Text t) { return store_millis(t, to.delay); });
  reader.read("OTEL_BSP_MAX_QUEUE_SIZE",
              [&](Text t) { return store_number(t, kMost, to.max_queue); });
  reader.read("OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
              [&](Text t) { return store_number(t, kMost, to.max_batch); });
  // Both limit the time of one export: the shorter one counts.
  std::chrono::milliseconds export_timeout = timeout;
  reader.read("OTEL_BSP_EXPORT_TIMEOUT", [&](Text t) { return store_millis(t, export_timeout); });
  timeout = std::min(timeout, export_timeout);
}

}  // namespace

std::expected<OtlpOptions, std::string> read_environment(const Environment& environment) {
  using Text = const std::string&;
  OtlpOptions options;
  Reader reader(environment);
  read_transport(reader, options.transport);
  read_batch(reader, options.batch, options.transport.timeout);
  reader.read("OTEL_SERVICE_NAME", [&](Text t) { return store_text(t, options.service_name); });
  reader.read("OTEL_RESOURCE_ATTRIBUTES",
              [&](Text t) { return store(parse_key_values(t), options.resource_attributes); });
  if (!reader.error().empty()) return std::unexpected(reader.error());
  return options;
}

}  // namespace osproxy::otlp
