#include "osproxy/otlp/messages/span_attributes.h"

#include <optional>
#include <string>
#include <utility>

#include "osproxy/core/address.h"
#include "osproxy/core/agent_product.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/utf8.h"

namespace osproxy::otlp {
namespace {

void add_unless_empty(Attributes& to, std::string_view name, std::string_view value) {
  if (!value.empty()) add(to, name, value);
}

template <class T>
void add_if_known(Attributes& to, std::string_view name, const std::optional<T>& value) {
  if (value) add(to, name, *value);
}

void add_list(Attributes& to, std::string_view name, const std::vector<std::string>& values) {
  pb::KeyValue& attribute = *to.Add();
  attribute.set_key(std::string(name));
  pb::ArrayValue& list = *attribute.mutable_value()->mutable_array_value();
  for (const std::string& value : values) list.add_values()->set_string_value(valid_utf8(value));
}

/// Returns "1.1" of "HTTP/1.1".
std::string_view version_of(std::string_view protocol) noexcept {
  return protocol.substr(protocol.find('/') + 1);
}

/// The conventions' name for an unknown value.
std::string_view method_of(const Record& record) noexcept {
  return record.method == "OTHER" ? "_OTHER" : std::string_view(record.method);
}

/// osproxy's reason, or else a status from `least` on.
void add_error_type(const Record& record, int least, Attributes& to) {
  if (!record.error.empty()) {
    add(to, "error.type", std::string_view(record.error));
  } else if (record.status >= least) {
    add(to, "error.type", std::to_string(record.status));
  }
}

/// The names are those of the semantic conventions, where there is one. The conventions'
/// `user_agent.original` is not sent: it is the whole header.
void add_client(const Record& record, Attributes& to) {
  add_unless_empty(to, "client.address", record.client);
  const std::string_view name = product_name(record.agent);
  add_unless_empty(to, "user_agent.name", name);
  if (name.size() < record.agent.size()) {
    add(to, "user_agent.version", std::string_view(record.agent).substr(name.size() + 1));
  }
  add_unless_empty(to, "osproxy.client.opaque_id", record.opaque_id);
}

void add_http(const Record& record, Attributes& to) {
  add_unless_empty(to, "http.request.method", method_of(record));
  if (record.status != 0) add(to, "http.response.status_code", record.status);
  add(to, "http.request.body.size", record.request_bytes);
  add(to, "http.response.body.size", record.response_bytes);
}

void add_times(const Record& record, Attributes& to) {
  const StageTimes& times = record.times;
  for (std::size_t i = 0; i < kStageCount; ++i) {
    const auto stage = static_cast<Stage>(i);
    const auto spent = times.spent(stage);
    if (!spent) continue;
    add(to, std::string("osproxy.times.").append(to_string(stage)).append("_us"), spent->count());
  }
  add(to, "osproxy.times.total_us", times.total().count());
  for (const Stage stage : {Stage::Send, Stage::Transfer}) {
    const auto wait = times.client_wait(stage);
    if (!wait) continue;
    add(to, std::string("osproxy.times.").append(to_string(stage)).append("_client_us"),
        wait->count());
  }
  add(to, "osproxy.times.stalled_us", record.stalled.count());
}

void add_response(const ResponseFacts& facts, Attributes& to) {
  add_if_known(to, "osproxy.response.took_ms", facts.took_ms);
  add_if_known(to, "osproxy.response.timed_out", facts.timed_out);
  add_if_known(to, "osproxy.response.hits", facts.hits);
  add_if_known(to, "osproxy.response.hits_are_at_least", facts.hits_are_at_least);
  add_if_known(to, "osproxy.response.shards.total", facts.shards.total);
  add_if_known(to, "osproxy.response.shards.successful", facts.shards.successful);
  add_if_known(to, "osproxy.response.shards.skipped", facts.shards.skipped);
  add_if_known(to, "osproxy.response.shards.failed", facts.shards.failed);
  add_if_known(to, "osproxy.response.items", facts.items);
  add_if_known(to, "osproxy.response.failed_items", facts.failed_items);
  if (facts.items_by_action) {
    for (std::size_t i = 0; i < kBulkActionCount; ++i) {
      const auto action = to_string(static_cast<BulkAction>(i));
      add(to, std::string("osproxy.response.items_by_action.").append(action),
          (*facts.items_by_action)[i]);
    }
  }
  if (facts.failures_by_error) {
    add(to, "osproxy.response.failures_by_error", to_json(*facts.failures_by_error));
  }
  add_if_known(to, "osproxy.response.errors", facts.errors);
  add_if_known(to, "osproxy.response.terminated_early", facts.terminated_early);
  add_if_known(to, "osproxy.response.missing_items", facts.missing_items);
  add_if_known(to, "osproxy.response.timed_out_items", facts.timed_out_items);
  add_if_known(to, "osproxy.response.shard_failed_items", facts.shard_failed_items);
  add_if_known(to, "osproxy.response.total", facts.total);
  add_if_known(to, "osproxy.response.created", facts.created);
  add_if_known(to, "osproxy.response.updated", facts.updated);
  add_if_known(to, "osproxy.response.deleted", facts.deleted);
  add_if_known(to, "osproxy.response.version_conflicts", facts.version_conflicts);
  add_if_known(to, "osproxy.response.failures", facts.failures);
  add_unless_empty(to, "osproxy.response.not_read", to_string(facts.not_read));
}

/// The node that responded, with the status and the sizes of its response.
void add_node(const Record& record, Attributes& to) {
  if (const auto address = parse_host_port(record.upstream)) {
    add(to, "server.address", std::string_view(address->host));
    add(to, "server.port", address->port);
  }
  add(to, "db.response.status_code", std::to_string(record.status));
}

}  // namespace

void add(Attributes& to, std::string_view name, std::string_view value) {
  pb::KeyValue& attribute = *to.Add();
  attribute.set_key(valid_utf8(name));
  attribute.mutable_value()->set_string_value(valid_utf8(value));
}

std::string_view operation_of(Endpoint endpoint) noexcept {
  switch (endpoint) {
    case Endpoint::IngestDoc:
      return "index";
    case Endpoint::IngestBulk:
      return "bulk";
    case Endpoint::Search:
      return "search";
    case Endpoint::MultiSearch:
      return "msearch";
    case Endpoint::Count:
      return "count";
    case Endpoint::GetById:
      return "get";
    case Endpoint::MultiGet:
      return "mget";
    case Endpoint::DeleteById:
      return "delete";
    case Endpoint::DeleteByQuery:
      return "delete_by_query";
    case Endpoint::Cursor:
    case Endpoint::Admin:
    case Endpoint::Unknown:
      return "";
  }
  std::unreachable();
}

void add_server_attributes(const Record& record, pb::Span& span) {
  Attributes& to = *span.mutable_attributes();
  add_http(record, to);
  add(to, "network.protocol.name", std::string_view("http"));
  if (!record.protocol.empty()) {
    add(to, "network.protocol.version", version_of(record.protocol));
  }
  add(to, "url.scheme", std::string_view(record.tls ? "https" : "http"));
  add_client(record, to);
  add_error_type(record, 500, to);
  add(to, "osproxy.request_id", std::string_view(record.request_id));
  add(to, "osproxy.level", to_string(record.level));
  add_list(to, "osproxy.directives", record.directives);
  add(to, "osproxy.endpoint", to_string(record.endpoint));
  add_unless_empty(to, "osproxy.index", record.index);
  add_unless_empty(to, "osproxy.tenant", record.tenant);
  add_unless_empty(to, "osproxy.principal", record.principal);
  add(to, "osproxy.principal_verified", record.principal_verified);
  if (record.shape) add(to, "osproxy.shape", std::string_view(to_hex16(*record.shape)));
  if (record.level >= Level::ShapeTiming) add_times(record, to);
  if (record.level >= Level::ShapeRewriteDiff) {
    add(to, "osproxy.rewrite", rewrite_to_json(record));
    add(to, "osproxy.body", body_to_json(record));
  }
}

void add_client_attributes(const Record& record, pb::Span& span) {
  Attributes& to = *span.mutable_attributes();
  add(to, "db.system.name", std::string_view("opensearch"));
  add_unless_empty(to, "db.operation.name", operation_of(record.endpoint));
  add_unless_empty(to, "db.collection.name", record.index);
  add_unless_empty(to, "http.request.method", method_of(record));
  if (!record.upstream.empty()) {
    add(to, "http.response.status_code", record.status);
    add_node(record, to);
  }
  add(to, "network.protocol.version", std::string_view("1.1"));
  if (record.retries > 0) add(to, "http.request.resend_count", record.retries);
  add_error_type(record, 400, to);
  add_if_known(to, "osproxy.connection_reused", record.connection_reused);
  if (record.response) add_response(*record.response, to);
}

}  // namespace osproxy::otlp
