// Encodes records as spans of OTLP: the bytes of an ExportTraceServiceRequest.
//
//   SpanEncoder encoder(resource_of(options, instance));
//   std::string request = encoder.encode(batch);
//
// Each record becomes a SERVER span and, if the proxy sent the request to a node, a CLIENT span
// below it. The spans contain nothing that the record does not; docs/otlp.md has the table of
// attributes.
//
// Pure. Thread safety: const members may be called from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/observe/record_sink.h"
#include "osproxy/otlp/otlp_options.h"

namespace osproxy::otlp {

/// The number of spans of a record: 2, or 1 if nothing was sent to a node.
std::size_t spans_of(const Record& record) noexcept;

/// The exporting service: service.name, service.version and service.instance.id, and the attributes
/// of the options, which may replace these.
KeyValues resource_of(const OtlpOptions& options, std::string_view instance);

class SpanEncoder {
 public:
  explicit SpanEncoder(KeyValues resource) : resource_(std::move(resource)) {}

  std::string encode(std::span<const RecordPointer> records) const;

 private:
  const KeyValues resource_;
};

}  // namespace osproxy::otlp
