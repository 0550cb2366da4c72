#include "osproxy/app/logs/otlp_log.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "osproxy/core/json_writer.h"
#include "osproxy/core/random.h"

namespace osproxy::app {

std::expected<std::unique_ptr<otlp::SpanExporter>, std::string> make_span_exporter(
    const Settings& settings, const Clock& clock) {
  if (!settings.otlp.is_on()) return nullptr;
  auto transport = otlp::make_transport(settings.otlp.transport, clock);
  if (!transport) return std::unexpected(std::move(transport).error());
  return std::make_unique<otlp::SpanExporter>(
      settings.otlp, *std::move(transport),
      otlp::SpanExporter::Dependencies{
          .clock = clock, .random = Random::from_system(), .instance = settings.instance});
}

void OtlpLog::update(const otlp::OtlpStatus& status) {
  if (status == last_) return;
  // The collector chose the words. As a JSON string they put no control character into the log.
  const std::string words = json_string(status.message);
  if (status.failing) {
    spdlog::warn("spans cannot be exported: {}", words);
  } else if (last_.failing) {
    spdlog::info("spans are exported again");
  } else if (!status.message.empty()) {
    spdlog::warn("the collector accepts the spans with a warning: {}", words);
  }
  last_ = status;
}

}  // namespace osproxy::app
