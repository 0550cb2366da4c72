#include "osproxy/record/record.h"

#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy {
namespace {

void write_actions(JsonWriter& json, std::string_view field, const ActionCounts& counts) {
  json.key(field).begin_object();
  for (std::size_t i = 0; i < kBulkActionCount; ++i) {
    json.field(to_string(static_cast<BulkAction>(i)), counts[i]);
  }
  json.end_object();
}

void write_failures(JsonWriter& json, const std::vector<ItemFailure>& failures) {
  json.begin_array();
  for (const ItemFailure& failure : failures) {
    json.begin_object().field_or_null("type", failure.type).key("status");
    failure.status == 0 ? json.null() : json.value(failure.status);
    json.field("count", failure.count).end_object();
  }
  json.end_array();
}

void write_response_facts(JsonWriter& json, const std::optional<ResponseFacts>& facts) {
  json.key("response");
  if (!facts) {
    json.null();
    return;
  }
  json.begin_object();
  json.field("took_ms", facts->took_ms);
  json.field("timed_out", facts->timed_out);
  json.field("terminated_early", facts->terminated_early);
  json.field("hits", facts->hits);
  json.field("hits_are_at_least", facts->hits_are_at_least);
  json.key("shards").begin_object();
  json.field("total", facts->shards.total);
  json.field("successful", facts->shards.successful);
  json.field("skipped", facts->shards.skipped);
  json.field("failed", facts->shards.failed);
  json.end_object();
  json.field("errors", facts->errors);
  json.field("items", facts->items);
  json.field("failed_items", facts->failed_items);
  if (facts->items_by_action) {
    write_actions(json, "items_by_action", *facts->items_by_action);
  } else {
    json.key("items_by_action").null();
  }
  json.key("failures_by_error");
  if (facts->failures_by_error) {
    write_failures(json, *facts->failures_by_error);
  } else {
    json.null();
  }
  json.field("missing_items", facts->missing_items);
  json.field("timed_out_items", facts->timed_out_items);
  json.field("shard_failed_items", facts->shard_failed_items);
  json.field("total", facts->total);
  json.field("created", facts->created);
  json.field("updated", facts->updated);
  json.field("deleted", facts->deleted);
  json.field("version_conflicts", facts->version_conflicts);
  json.field("failures", facts->failures);
  json.field_or_null("not_read", to_string(facts->not_read));
  json.end_object();
}

/// The flight recorder keeps requests whose stages were not measured. Of these, the total is known.
void write_times(JsonWriter& json, const Record& record) {
  const StageTimes& times = record.times;
  const bool is_measured = times != StageTimes();
  json.key("times").begin_object();
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    const auto spent = is_measured ? times.spent(stage) : std::nullopt;
    json.key(std::string(to_string(stage)).append("_us"));
    spent ? json.value(spent->count()) : json.null();
  }
  const auto latency = std::chrono::floor<std::chrono::microseconds>(record.latency);
  json.field("total_us", (is_measured ? times.total() : latency).count());
  for (const Stage stage : {Stage::Send, Stage::Transfer}) {
    const auto wait = times.client_wait(stage);
    json.key(std::string(to_string(stage)).append("_client_us"));
    wait ? json.value(wait->count()) : json.null();
  }
  json.field("stalled_us", record.stalled.count());
  json.end_object();
}

void write_names(JsonWriter& json, std::string_view field,
                 const std::vector<std::string_view>& names) {
  json.key(field).begin_array();
  for (const std::string_view name : names) json.value(name);
  json.end_array();
}

void write_head(JsonWriter& json, std::string_view field, const std::optional<HeadRewrite>& head) {
  json.key(field);
  if (!head) {
    json.null();
    return;
  }
  json.begin_object();
  json.field("target_changed", head->target_changed);
  json.field("head_bytes_in", head->bytes_in);
  json.field("head_bytes_out", head->bytes_out);
  write_names(json, "headers_added", head->added);
  write_names(json, "headers_changed", head->changed);
  write_names(json, "headers_removed", head->removed);
  json.end_object();
}

void write_rewrite(JsonWriter& json, const Rewrite& rewrite) {
  json.begin_object();
  write_head(json, "request", rewrite.request);
  write_head(json, "response", rewrite.response);
  json.end_object();
}

void write_body_field(JsonWriter& json, const BodyField& field) {
  json.begin_object();
  json.field("path", field.path);
  json.field("type", to_string(field.type));
  json.field("count", field.count);
  json.key("sizes");
  if (field.type == JsonType::Object || field.type == JsonType::Array ||
      field.type == JsonType::String) {
    json.begin_object();
    json.field("min", field.sizes.min);
    json.field("max", field.sizes.max);
    json.field("sum", field.sizes.sum);
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
}

void write_folded(JsonWriter& json, const FoldedKeys& folded) {
  json.begin_object().field("path", folded.path).field("count", folded.count);
  json.key("reasons").begin_array();
  for (std::size_t i = 0; i < kFoldReasonCount; ++i) {
    const auto reason = static_cast<FoldReason>(1U << i);
    if ((folded.reasons & static_cast<unsigned>(reason)) != 0) json.value(to_string(reason));
  }
  json.end_array().end_object();
}

void write_body(JsonWriter& json, const BodyStructure& body) {
  json.begin_object();
  json.key("parts").begin_array();
  for (const BodyPart& part : body.parts) {
    json.begin_object();
    json.field("kind", part.kind);
    json.field("count", part.count);
    json.field("bytes", part.bytes);
    json.key("fields").begin_array();
    for (const BodyField& field : part.fields) write_body_field(json, field);
    json.end_array();
    json.key("folded").begin_array();
    for (const FoldedKeys& folded : part.folded) write_folded(json, folded);
    json.end_array();
    json.end_object();
  }
  json.end_array();
  json.field_or_null("truncated", to_string(body.truncated));
  json.field_or_null("not_read", to_string(body.not_read));
  json.end_object();
}

void write_body_indices(JsonWriter& json, const std::optional<BodyIndices>& indices) {
  json.key("body_indices");
  if (!indices) {
    json.null();
    return;
  }
  json.begin_object().key("names").begin_array();
  for (const std::string& name : indices->names) json.value(name);
  json.end_array().field("whole", indices->is_whole).key("actions");
  if (indices->actions) {
    const BulkActions& actions = *indices->actions;
    json.begin_object().key("by_index").begin_array();
    for (const IndexCount& one : actions.by_index) {
      json.begin_object().field("index", one.index).field("count", one.count).end_object();
    }
    json.end_array().field("other_indices", actions.other_indices);
    json.field("of_path", actions.of_path);
    write_actions(json, "by_action", actions.by_action);
    json.end_object();
  } else {
    json.null();
  }
  json.end_object();
}

void write_client(JsonWriter& json, const Record& record) {
  json.key("client").begin_object();
  json.field_or_null("address", record.client);
  json.field_or_null("agent", record.agent);
  json.field_or_null("opaque_id", record.opaque_id);
  json.end_object();
}

void write_request(JsonWriter& json, const Record& record) {
  json.field("endpoint", to_string(record.endpoint));
  json.field("method", record.method);
  json.field_or_null("index", record.index);
  json.field_or_null("tenant", record.tenant);
  json.field_or_null("principal", record.principal);
  json.field("principal_verified", record.principal_verified);
  write_client(json, record);
  json.field_or_null("protocol", record.protocol);
  json.field("tls", record.tls);
  write_body_indices(json, record.body_indices);
  json.key("shape");
  record.shape ? json.value(to_hex16(*record.shape)) : json.null();
  json.field("request_bytes", record.request_bytes);
}

void write_response(JsonWriter& json, const Record& record) {
  json.field("response_bytes", record.response_bytes);
  json.field("unacknowledged_bytes", record.unacknowledged_bytes);
  json.key("status");
  record.status == 0 ? json.null() : json.value(record.status);
  json.field_or_null("upstream", record.upstream);
  json.field("connection_reused", record.connection_reused);
  json.field("retries", record.retries);
  json.field_or_null("error", record.error);
  write_response_facts(json, record.response);
}

}  // namespace

std::string to_json(const Record& record) {
  JsonWriter json;
  json.begin_object();
  json.field("request_id", record.request_id);
  json.field_or_null("trace_id", record.trace_id);
  if (!record.span_id.empty()) {
    json.field("span_id", record.span_id);
    json.field_or_null("parent_span_id", record.parent_span_id);
    json.field_or_null("upstream_span_id", record.upstream_span_id);
  }
  json.field("level", to_string(record.level));
  json.key("directives").begin_array();
  for (const std::string& id : record.directives) json.value(id);
  json.end_array();
  if (!record.signed_fault.empty()) json.field("signed_fault", record.signed_fault);
  json.field("started", format_rfc3339(record.started));
  write_request(json, record);
  write_response(json, record);
  if (record.level >= Level::ShapeTiming) write_times(json, record);
  if (record.level >= Level::ShapeRewriteDiff) {
    write_rewrite(json.key("rewrite"), record.rewrite);
    write_body(json.key("body"), record.body);
  }
  json.end_object();
  return std::move(json).take();
}

std::string rewrite_to_json(const Record& record) {
  JsonWriter json;
  write_rewrite(json, record.rewrite);
  return std::move(json).take();
}

std::string to_json(const std::vector<ItemFailure>& failures) {
  JsonWriter json;
  write_failures(json, failures);
  return std::move(json).take();
}

std::string body_to_json(const Record& record) {
  JsonWriter json;
  write_body(json, record.body);
  return std::move(json).take();
}

}  // namespace osproxy
