// Records as OTLP's spans: the bytes of an ExportTraceServiceRequest.
//
//   SpanEncoder encoder(resource_of(options, instance));
//   std::string request = encoder.encode(batch);
//
// A SERVER span for each record, and below it a CLIENT span for the exchange with the node, if
// there was one. They say what the record says and no more: docs/otlp.md has the table of
// attributes.
//
// Thread safety: const members from any thread. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/observe/record_sink.h"
#include "osproxy/otlp/otlp_options.h"

namespace osproxy::otlp {

/// How many spans a record becomes: 2, or 1 if nothing was sent to a node.
std::size_t spans_of(const Record& record) noexcept;

/// Who exports: service.name, service.version, service.instance.id, and what the options add to or
/// put in the place of these.
KeyValues resource_of(const OtlpOptions& options, std::string_view instance);

class SpanEncoder {
 public:
  explicit SpanEncoder(KeyValues resource) : resource_(std::move(resource)) {}

  std::string encode(std::span<const RecordPointer> records) const;

 private:
  const KeyValues resource_;
};

}  // namespace osproxy::otlp
