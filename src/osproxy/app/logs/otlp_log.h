// The export of spans: what turns it on, and one log line for each change of how it goes.
//
// Thread safety: one owner.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "osproxy/app/settings/settings.h"
#include "osproxy/core/clock.h"
#include "osproxy/otlp/span_exporter.h"

namespace osproxy::app {

/// Null if the settings name no collector. `clock` must outlive it.
std::expected<std::unique_ptr<otlp::SpanExporter>, std::string> make_span_exporter(
    const Settings& settings, const Clock& clock);

class OtlpLog {
 public:
  /// Compares with what was seen last and logs what is new. What persists is not repeated.
  void look(const otlp::OtlpStatus& status);

 private:
  otlp::OtlpStatus last_;
};

}  // namespace osproxy::app
