// The attributes of a record's two spans: OpenTelemetry's conventions for HTTP and for databases
// where they fit, `osproxy.…` for the rest. For span_encoder.cc alone: the messages are generated.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "osproxy/record/record.h"
#include "trace_service.pb.h"

namespace osproxy::otlp {

namespace pb = ::opentelemetry::proto::collector::trace::v1;

using Attributes = google::protobuf::RepeatedPtrField<pb::KeyValue>;

/// Adds valid UTF-8: other text would make a collector refuse the whole request.
void add(Attributes& to, std::string_view name, std::string_view value);

template <class T>
  requires std::integral<T>
void add(Attributes& to, std::string_view name, T value) {
  pb::KeyValue& attribute = *to.Add();
  attribute.set_key(std::string(name));
  if constexpr (std::same_as<T, bool>) {
    attribute.mutable_value()->set_bool_value(value);
  } else {
    attribute.mutable_value()->set_int_value(static_cast<std::int64_t>(value));
  }
}

/// OpenSearch's name of the operation (db.operation.name); empty where there are several.
std::string_view operation_of(Endpoint endpoint) noexcept;

void add_server_attributes(const Record& record, pb::Span& span);
void add_client_attributes(const Record& record, pb::Span& span);

}  // namespace osproxy::otlp
