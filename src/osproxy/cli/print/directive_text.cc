#include "osproxy/cli/print/directive_text.h"

#include <utility>
#include <variant>
#include <vector>

#include <fmt/ostream.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/encode.h"

namespace osproxy::cli {
namespace {

std::string or_dash(std::string text) { return text.empty() ? "-" : std::move(text); }

std::string describe_sample(int per_mille) {
  return per_mille % 10 == 0 ? fmt::format("{}%", per_mille / 10)
                             : fmt::format("{}.{}%", per_mille / 10, per_mille % 10);
}

// The conditions that are checked at the end of a request.
std::string describe_conditions(const Directive& directive) {
  std::vector<std::string> parts;
  if (directive.min_latency) parts.push_back(">=" + format_duration(*directive.min_latency));
  if (directive.status) parts.push_back(directive.status->to_string());
  if (directive.shape) parts.push_back("shape " + to_hex16(*directive.shape));
  if (directive.min_failed_items) {
    parts.push_back(fmt::format(">={} failed items", *directive.min_failed_items));
  }
  if (directive.max_records) parts.push_back(fmt::format("max {}", *directive.max_records));
  return join(parts);
}

std::string describe_outputs(const Directive& directive) {
  std::string outputs = "explain";  // every record goes there
  if (directive.ring_buffer) outputs += ",ring";
  if (directive.capture) outputs += ",capture";
  return outputs;
}

std::string describe_end(const PublishedEnd& end, WallTime now) {
  if (const auto* const absolute = std::get_if<AbsoluteEnd>(&end)) {
    return format_remaining(*absolute, now);
  }
  return format_duration(std::get<RelativeEnd>(end)) + " from first sight";
}

std::vector<std::string> row(const Directive& directive, WallTime now) {
  return {directive.id,
          std::string(to_string(directive.level)),
          describe_target(directive.target),
          describe_sample(directive.sample_per_mille),
          or_dash(describe_conditions(directive)),
          describe_end(directive.end, now),
          describe_outputs(directive),
          or_dash(directive.reason.value_or("")),
          or_dash(directive.author.value_or(""))};
}

}  // namespace

std::string describe_target(const Target& target) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
  };
  if (target.tenant) add("tenant", *target.tenant);
  if (target.index) add("index", *target.index);
  if (target.principal) add("principal", *target.principal);
  if (target.principal_verified) add("principal_verified", "true");
  if (target.endpoint) add("endpoint", to_string(*target.endpoint));
  if (target.client) add("client", to_string(*target.client));
  if (target.agent) add("agent", *target.agent);
  if (target.opaque_id) add("opaque_id", *target.opaque_id);
  return text.empty() ? "everything" : text;
}

std::string document_text(const Document& document, WallTime now) {
  if (document.directives.empty()) return "no directives: nothing is recorded\n";
  std::vector<std::vector<std::string>> rows{
      {"ID", "LEVEL", "TARGET", "SAMPLE", "ONLY", "ENDS", "OUTPUTS", "REASON", "AUTHOR"}};
  for (const Directive& directive : document.directives) rows.push_back(row(directive, now));
  return format_table(rows);
}

std::string thinned_text(const std::vector<ThinnedAt>& thinned) {
  std::string text;
  for (const auto& [instance, one] : thinned) {
    text += fmt::format("thinned: {} at {}\n", printable(one.id), describe_thinned(instance, one));
  }
  return text;
}

void begin_document(JsonWriter& json, std::int64_t revision, const Document& document) {
  json.begin_object().field("revision", revision).key("directives").begin_array();
  for (const Directive& directive : document.directives) json.raw(encode_directive(directive));
  json.end_array();
}

std::string listing_json(std::int64_t revision, const Document& document,
                         const std::vector<ThinnedAt>* thinned) {
  JsonWriter json;
  begin_document(json, revision, document);
  json.key("thinned");
  if (thinned == nullptr) {
    json.null().end_object();
    return std::move(json).take();
  }
  json.begin_array();
  for (const auto& [instance, one] : *thinned) {
    json.begin_object().field("id", one.id).field("instance", instance);
    json.field("since", format_rfc3339(one.since)).field("reason", one.reason).end_object();
  }
  json.end_array().end_object();
  return std::move(json).take();
}

void print_pruned(const std::vector<std::string>& ids, std::ostream& out) {
  if (!ids.empty()) fmt::print(out, "pruned because over: {}\n", join(ids));
}

void write_ids(JsonWriter& json, std::string_view name, const std::vector<std::string>& ids) {
  json.key(name).begin_array();
  for (const std::string& id : ids) json.value(id);
  json.end_array();
}

}  // namespace osproxy::cli
