#include "osproxy/capture/exchange.h"

#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/core/utf8.h"

namespace osproxy {
namespace {

void write_names(JsonWriter& json, std::string_view key, const std::vector<std::string>& names) {
  json.key(key).begin_array();
  for (const std::string& name : names) json.value(name);
  json.end_array();
}

void write_message(JsonWriter& json, const CapturedMessage& message) {
  json.key("headers").begin_array();
  for (const auto& [name, value] : message.headers) {
    json.begin_array().value(name).value(value).end_array();
  }
  json.end_array();
  write_names(json, "stripped", message.stripped);
  const bool is_text = is_valid_utf8(message.body);
  json.field("body", is_text ? message.body : to_base64(message.body));
  json.field("body_encoding", is_text ? "utf-8" : "base64");
  json.field("body_bytes", message.body_bytes);
  json.field("truncated", message.truncated);
}

}  // namespace

std::string to_json(const CapturedExchange& exchange) {
  JsonWriter json;
  json.begin_object();
  json.field("v", 1);
  json.field("request_id", exchange.request_id);
  json.field("started", format_rfc3339(exchange.started));
  write_names(json, "directives", exchange.directives);
  json.field("status", exchange.status);
  json.field_or_null("upstream", exchange.upstream);
  json.field("latency_us",
             std::chrono::duration_cast<std::chrono::microseconds>(exchange.latency).count());
  json.field_or_null("error", exchange.error);
  json.key("request").begin_object();
  json.field("method", exchange.method);
  json.field("target", exchange.target);
  write_message(json, exchange.request);
  json.end_object();
  json.key("response");
  if (exchange.response) {
    json.begin_object();
    json.field("status", exchange.response_status);
    write_message(json, *exchange.response);
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
  return std::move(json).take();
}

}  // namespace osproxy
