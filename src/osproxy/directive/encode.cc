#include "osproxy/directive/encode.h"

#include <optional>
#include <string_view>
#include <utility>

#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy {
namespace {

void write_text(JsonWriter& json, std::string_view name, const std::optional<std::string>& text) {
  if (text) json.field(name, *text);
}

/// False is the default of every flag.
void write_flag(JsonWriter& json, std::string_view name, bool flag) {
  if (flag) json.field(name, flag);
}

void write_end(JsonWriter& json, const PublishedEnd& end) {
  if (const auto* relative = std::get_if<RelativeEnd>(&end)) {
    json.field("ttl_secs", relative->count());
  } else {
    json.field("expires_at", format_rfc3339(std::get<AbsoluteEnd>(end)));
  }
}

void write_directive(JsonWriter& json, const Directive& directive) {
  json.begin_object();
  json.field("id", directive.id).field("level", to_string(directive.level));
  write_end(json, directive.end);
  write_text(json, "tenant", directive.target.tenant);
  write_text(json, "index", directive.target.index);
  write_text(json, "principal", directive.target.principal);
  write_flag(json, "principal_verified", directive.target.principal_verified);
  if (directive.target.endpoint) json.field("endpoint", to_string(*directive.target.endpoint));
  if (directive.target.client) json.field("client", to_string(*directive.target.client));
  write_text(json, "agent", directive.target.agent);
  write_text(json, "opaque_id", directive.target.opaque_id);
  if (directive.sample_per_mille != 1000) {
    json.field("sample_per_mille", directive.sample_per_mille);
  }
  write_flag(json, "ring_buffer", directive.ring_buffer);
  write_flag(json, "capture", directive.capture);
  if (directive.min_latency) json.field("min_latency_ms", directive.min_latency->count());
  if (directive.status) json.field("status", directive.status->to_string());
  if (directive.shape) json.field("shape", to_hex16(*directive.shape));
  if (directive.min_failed_items) json.field("min_failed_items", *directive.min_failed_items);
  if (directive.max_records) json.field("max_records", *directive.max_records);
  write_text(json, "reason", directive.reason);
  write_text(json, "author", directive.author);
  json.end_object();
}

}  // namespace

std::string encode_document(const Document& document) {
  JsonWriter json;
  json.begin_object().key("directives").begin_array();
  for (const Directive& directive : document.directives) write_directive(json, directive);
  json.end_array().end_object();
  return std::move(json).take();
}

std::string encode_directive(const Directive& directive) {
  JsonWriter json;
  write_directive(json, directive);
  return std::move(json).take();
}

}  // namespace osproxy
