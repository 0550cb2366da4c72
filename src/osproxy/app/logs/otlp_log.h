// Makes the span exporter that the settings ask for, and logs when the export fails or works again.
//
// OtlpLog is not thread-safe; one owner.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "osproxy/app/settings/settings.h"
#include "osproxy/core/clock.h"
#include "osproxy/otlp/span_exporter.h"

namespace osproxy::app {

/// Null if the settings name no collector. `clock` must outlive the exporter.
std::expected<std::unique_ptr<otlp::SpanExporter>, std::string> make_span_exporter(
    const Settings& settings, const Clock& clock);

class OtlpLog {
 public:
  /// Logs a line if the status has changed.
  void update(const otlp::OtlpStatus& status);

 private:
  otlp::OtlpStatus last_;
};

}  // namespace osproxy::app
