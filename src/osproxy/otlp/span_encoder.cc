#include "osproxy/otlp/span_encoder.h"

#include <algorithm>
#include <chrono>

#include "osproxy/core/encoding.h"
#include "osproxy/core/version.h"
#include "osproxy/otlp/messages/span_attributes.h"

namespace osproxy::otlp {
namespace {

constexpr std::string_view kScope = "osproxy";

// Bits of Span.flags: whether the parent is in another process is known, and that it is.
constexpr std::uint32_t kKnowsIsRemote = 0x100;
constexpr std::uint32_t kIsRemote = 0x200;

/// `hex` is a generated or a checked id: hex digits.
std::string bytes_of(std::string_view hex) { return from_hex(hex).value_or(""); }

std::uint64_t unix_nano(WallTime time) {
  return static_cast<std::uint64_t>(std::max<WallTime::rep>(time.time_since_epoch().count(), 0));
}

/// From the search for a connection to the last byte of the node's response; of several attempts,
/// from the first to the last.
struct Interval {
  WallTime begin;
  WallTime end;
};

Interval upstream_interval(const Record& record) {
  const auto spent = [&](Stage stage) {
    return record.times.spent(stage).value_or(StageTimes::Micros{0});
  };
  return {.begin = record.started + spent(Stage::Receive) + spent(Stage::Match) +
                   spent(Stage::ReceiveBody),
          .end = record.started + record.times.total() - spent(Stage::SendBack)};
}

void set_error(pb::Span& span) { span.mutable_status()->set_code(pb::Status::STATUS_CODE_ERROR); }

/// A status of 4xx is the client's fault, not an error of the server.
bool server_failed(const Record& record) noexcept {
  const bool clients_fault = record.status >= 400 && record.status < 500;
  return record.status >= 500 || (!record.error.empty() && !clients_fault);
}

void fill_server_span(const Record& record, pb::Span& span) {
  span.set_trace_id(bytes_of(record.trace_id));
  span.set_span_id(bytes_of(record.span_id));
  span.set_parent_span_id(bytes_of(record.parent_span_id));
  span.set_flags(record.parent_span_id.empty() ? kKnowsIsRemote : kKnowsIsRemote | kIsRemote);
  span.set_name(record.method.empty() ? "HTTP" : record.method);
  span.mutable_name()->append(" ").append(to_string(record.endpoint));
  span.set_kind(pb::Span::SPAN_KIND_SERVER);
  span.set_start_time_unix_nano(unix_nano(record.started));
  span.set_end_time_unix_nano(unix_nano(record.started + record.latency));
  add_server_attributes(record, span);
  if (server_failed(record)) set_error(span);
}

void fill_client_span(const Record& record, pb::Span& span) {
  const Interval interval = upstream_interval(record);
  span.set_trace_id(bytes_of(record.trace_id));
  span.set_span_id(bytes_of(record.upstream_span_id));
  span.set_parent_span_id(bytes_of(record.span_id));
  span.set_flags(kKnowsIsRemote);
  const std::string_view operation = operation_of(record.endpoint);
  span.set_name(std::string(operation.empty() ? record.method : operation));
  span.set_kind(pb::Span::SPAN_KIND_CLIENT);
  span.set_start_time_unix_nano(unix_nano(interval.begin));
  span.set_end_time_unix_nano(unix_nano(interval.end));
  add_client_attributes(record, span);
  if (record.status >= 400 || !record.error.empty()) set_error(span);
}

}  // namespace

std::size_t spans_of(const Record& record) noexcept {
  return record.upstream_span_id.empty() ? 1 : 2;
}

KeyValues resource_of(const OtlpOptions& options, std::string_view instance) {
  KeyValues resource = options.resource_attributes;
  const auto find = [&](std::string_view name) {
    return std::ranges::find(resource, name, &KeyValues::value_type::first);
  };
  const auto add_unless_given = [&](std::string_view name, std::string_view value) {
    if (find(name) == resource.end()) resource.emplace_back(name, value);
  };
  if (!options.service_name.empty()) {
    std::erase_if(resource, [](const auto& pair) { return pair.first == "service.name"; });
    resource.emplace_back("service.name", options.service_name);
  }
  add_unless_given("service.name", "osproxy");
  add_unless_given("service.version", kVersion);
  add_unless_given("service.instance.id", instance);
  return resource;
}

std::string SpanEncoder::encode(std::span<const RecordPointer> records) const {
  pb::ExportTraceServiceRequest request;
  pb::ResourceSpans& spans = *request.add_resource_spans();
  for (const auto& [name, value] : resource_) {
    add(*spans.mutable_resource()->mutable_attributes(), name, std::string_view(value));
  }
  pb::ScopeSpans& scope = *spans.add_scope_spans();
  scope.mutable_scope()->set_name(std::string(kScope));
  scope.mutable_scope()->set_version(kVersion);
  for (const RecordPointer& record : records) {
    fill_server_span(*record, *scope.add_spans());
    if (spans_of(*record) > 1) fill_client_span(*record, *scope.add_spans());
  }
  return request.SerializeAsString();
}

}  // namespace osproxy::otlp
