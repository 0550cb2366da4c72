#include "osproxy/observe/record.h"

#include "osproxy/core/rfc3339.h"
#include "osproxy/observe/json_writer.h"

namespace osproxy {
namespace {

using MaybeTime = std::optional<std::chrono::nanoseconds>;

void write_time(JsonWriter& json, std::string_view name, const MaybeTime& time) {
  json.key(name);
  if (!time) {
    json.null();
    return;
  }
  json.value(std::chrono::duration_cast<std::chrono::microseconds>(*time).count());
}

void write_times(JsonWriter& json, const StageTimes& times) {
  json.key("times").begin_object();
  write_time(json, "upstream_connected_us", times.upstream_connected);
  write_time(json, "request_sent_us", times.request_sent);
  write_time(json, "first_byte_us", times.first_byte);
  write_time(json, "total_us", times.total);
  json.end_object();
}

void write_request(JsonWriter& json, const Record& record) {
  json.field("endpoint", to_string(record.endpoint));
  json.field("method", record.method);
  json.field_or_null("index", record.index);
  json.field_or_null("tenant", record.tenant);
  json.field_or_null("principal", record.principal);
  json.field("principal_verified", record.principal_verified);
  json.field("protocol", record.protocol);
  json.field("tls", record.tls);
  json.field("request_bytes", record.request_bytes);
}

void write_answer(JsonWriter& json, const Record& record) {
  json.field("response_bytes", record.response_bytes);
  json.key("status");
  record.status == 0 ? json.null() : json.value(record.status);
  json.field_or_null("upstream", record.upstream);
  json.field("connection_reused", record.connection_reused);
  json.field("retries", record.retries);
  json.field_or_null("error", record.error);
}

}  // namespace

std::string to_json(const Record& record) {
  JsonWriter json;
  json.begin_object();
  json.field("request_id", record.request_id);
  json.field_or_null("trace_id", record.trace_id);
  json.field("level", to_string(record.level));
  json.key("directives").begin_array();
  for (const std::string& id : record.directives) json.value(id);
  json.end_array();
  json.field("started", format_rfc3339(record.started));
  write_request(json, record);
  write_answer(json, record);
  if (record.level >= Level::ShapeTiming) write_times(json, record.times);
  json.end_object();
  return std::move(json).take();
}

}  // namespace osproxy
