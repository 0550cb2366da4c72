#include "osproxy/otlp/environment.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace osproxy::otlp {
namespace {

using Stored = std::expected<void, std::string>;

/// Makes `name is "text": clause; it is ignored`. Does not show headers, which may be secrets.
std::string warning(const std::string& name, const std::string& text, const std::string& clause) {
  const bool is_secret = name.ends_with("_HEADERS");
  return name + (is_secret ? " is no good" : " is \"" + text + "\"") + ": " + clause +
         "; it is ignored";
}

/// Moves a parser's result to `out`.
template <class T>
Stored store(std::expected<T, std::string> parsed, T& out) {
  if (!parsed) return std::unexpected(std::move(parsed).error());
  out = *std::move(parsed);
  return {};
}

std::string in_lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return text;
}

Stored store_number(const std::string& text, std::size_t least, std::size_t most,
                    std::size_t& out) {
  std::size_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || rest != end || value < least || value > most) {
    return std::unexpected("it must be a whole number from " + std::to_string(least) + " to " +
                           std::to_string(most));
  }
  out = value;
  return {};
}

Stored store_millis(const std::string& text, std::size_t least, std::chrono::milliseconds& out) {
  constexpr std::size_t kHour = 3'600'000;
  std::size_t value = 0;
  auto stored = store_number(text, least, kHour, value);
  if (stored) out = std::chrono::milliseconds(value);
  return stored;
}

/// In any case of letters; all that is not true is false, by the specification.
Stored store_bool(const std::string& text, bool& out) {
  const std::string value = in_lower_case(text);
  out = value == "true";
  if (!out && value != "false") return std::unexpected("it must be true or false");
  return {};
}

Stored store_text(const std::string& text, std::string& out) {
  out = text;
  return {};
}

/// Reads one variable after the other, and collects warnings of wrong values.
class Reader {
 public:
  Reader(const Environment& environment, std::vector<std::string>& warnings)
      : environment_(environment), warnings_(warnings) {}

  /// Calls `take` with the variable's value, if it is set. True if that was a good one.
  template <class Take>
  bool read(const std::string& name, Take&& take) {
    const auto text = environment_(name);
    if (!text || text->empty()) return false;
    const Stored stored = take(*text);
    if (!stored) warnings_.push_back(warning(name, *text, stored.error()));
    return stored.has_value();
  }

  /// Reads the variable for traces, or else the one for all signals.
  template <class Take>
  void read_exporter(const std::string& name, Take&& take) {
    if (!read("OTEL_EXPORTER_OTLP_TRACES_" + name, take)) {
      read("OTEL_EXPORTER_OTLP_" + name, take);
    }
  }

 private:
  const Environment& environment_;
  std::vector<std::string>& warnings_;
};

void read_transport(Reader& reader, TransportOptions& to) {
  using Text = const std::string&;
  reader.read("OTEL_EXPORTER_OTLP_ENDPOINT", [&](Text t) { return store_text(t, to.endpoint); });
  if (reader.read("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                  [&](Text t) { return store_text(t, to.endpoint); })) {
    to.endpoint_is_base = false;
  }
  reader.read_exporter(
      "PROTOCOL", [&](Text t) { return store(parse_protocol(in_lower_case(t)), to.protocol); });
  reader.read_exporter("HEADERS", [&](Text t) { return store(parse_headers(t), to.headers); });
  reader.read_exporter("TIMEOUT", [&](Text t) { return store_millis(t, 1, to.timeout); });
  reader.read_exporter("COMPRESSION",
                       [&](Text t) { return store(parse_compression(in_lower_case(t)), to.gzip); });
  reader.read_exporter("INSECURE", [&](Text t) { return store_bool(t, to.insecure); });
  reader.read_exporter("CERTIFICATE", [&](Text t) { return store_text(t, to.ca_file); });
  reader.read_exporter("CLIENT_CERTIFICATE",
                       [&](Text t) { return store_text(t, to.client_cert_file); });
  reader.read_exporter("CLIENT_KEY", [&](Text t) { return store_text(t, to.client_key_file); });
}

void read_batch(Reader& reader, BatchOptions& to, std::chrono::milliseconds& timeout) {
  using Text = const std::string&;
  constexpr std::size_t kMost = 1'000'000;
  reader.read("OTEL_BSP_SCHEDULE_DELAY", [&](Text t) { return store_millis(t, 0, to.delay); });
  reader.read("OTEL_BSP_MAX_QUEUE_SIZE",
              [&](Text t) { return store_number(t, 1, kMost, to.max_queue); });
  reader.read("OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
              [&](Text t) { return store_number(t, 1, kMost, to.max_batch); });
  // Both limit the time of one export: the shorter one counts.
  std::chrono::milliseconds export_timeout = timeout;
  reader.read("OTEL_BSP_EXPORT_TIMEOUT",
              [&](Text t) { return store_millis(t, 1, export_timeout); });
  timeout = std::min(timeout, export_timeout);
}

/// False if the variables turn the export off, whatever the endpoint.
bool is_wanted(Reader& reader) {
  using Text = const std::string&;
  bool disabled = false;
  reader.read("OTEL_SDK_DISABLED", [&](Text t) { return store_bool(t, disabled); });
  bool none = false;
  reader.read("OTEL_TRACES_EXPORTER", [&](Text t) -> Stored {
    const std::string exporter = in_lower_case(t);
    none = exporter == "none";
    if (!none && exporter != "otlp") return std::unexpected("it must be otlp or none");
    return {};
  });
  return !disabled && !none;
}

}  // namespace

OtlpOptions read_environment(const Environment& environment) {
  using Text = const std::string&;
  OtlpOptions options;
  Reader reader(environment, options.warnings);
  read_transport(reader, options.transport);
  read_batch(reader, options.batch, options.transport.timeout);
  reader.read("OTEL_SERVICE_NAME", [&](Text t) { return store_text(t, options.service_name); });
  reader.read("OTEL_RESOURCE_ATTRIBUTES",
              [&](Text t) { return store(parse_key_values(t), options.resource_attributes); });
  if (!is_wanted(reader)) options.transport.endpoint.clear();
  return options;
}

}  // namespace osproxy::otlp
