#include "osproxy/directive/why_report.h"

#include <optional>
#include <utility>

#include <simdjson.h>

#include "osproxy/core/json_writer.h"
#include "osproxy/core/rfc3339.h"

namespace osproxy {
namespace {

namespace dom = simdjson::dom;

constexpr std::string_view kItsSet = "its_set";
constexpr std::string_view kCurrentSet = "current_set";
constexpr std::size_t kMaxDepth = 16;  // a report has seven levels

void write_directive(JsonWriter& json, const WhyReport::OneDirective& directive) {
  json.begin_object().field("id", directive.id).field("recorded", directive.recorded);
  json.key("reasons").begin_array();
  for (const WhyReport::Reason& reason : directive.reasons) {
    json.begin_object().field("reason", reason.slug).field("text", reason.text).end_object();
  }
  json.end_array().end_object();
}

/// The value below `key`, or the default of T if it is missing, null or of another type.
template <class T>
T value_of(dom::element object, std::string_view key) {
  T value{};
  return object[key].get(value) == simdjson::SUCCESS ? value : T{};
}

std::string text_of(dom::element object, std::string_view key) {
  return std::string(value_of<std::string_view>(object, key));
}

std::string client_text(dom::element root, std::string_view key) {
  dom::element client;
  return root["client"].get(client) == simdjson::SUCCESS ? text_of(client, key) : std::string();
}

std::vector<WhyReport::Reason> reasons_of(dom::element directive) {
  std::vector<WhyReport::Reason> reasons;
  dom::array array;
  if (directive["reasons"].get(array) != simdjson::SUCCESS) return reasons;
  for (const dom::element reason : array) {
    reasons.push_back({.slug = text_of(reason, "reason"), .text = text_of(reason, "text")});
  }
  return reasons;
}

// Writes the members of a report; the caller closes its object.
void write_report(JsonWriter& json, const WhyReport& report) {
  json.begin_object().field("instance", report.instance).field("request_id", report.request_id);
  json.field("recorded", report.recorded).field("started", format_rfc3339(report.started));
  json.field("endpoint", to_string(report.endpoint)).field_or_null("index", report.index);
  json.field_or_null("tenant", report.tenant).field_or_null("principal", report.principal);
  json.key("client").begin_object().field_or_null("address", report.client);
  json.field_or_null("agent", report.agent).field_or_null("opaque_id", report.opaque_id);
  json.end_object().field("cut", report.is_cut).key("status");
  report.status == 0 ? json.null() : json.value(report.status);
  json.field("judged_by", report.is_by_its_set ? kItsSet : kCurrentSet);
  json.key("directives").begin_array();
  for (const WhyReport::OneDirective& directive : report.directives) {
    write_directive(json, directive);
  }
  json.end_array().field("left_out", report.left_out);
}

std::optional<WhyReport> read_report(dom::element root) {
  dom::array directives;
  bool recorded = false;
  if (root["recorded"].get(recorded) != simdjson::SUCCESS ||
      root["directives"].get(directives) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  WhyReport report{
      .instance = text_of(root, "instance"),
      .request_id = text_of(root, "request_id"),
      .recorded = recorded,
      .started = parse_rfc3339_utc(text_of(root, "started")).value_or(WallTime{}),
      .endpoint = parse_endpoint(text_of(root, "endpoint")).value_or(Endpoint::Unknown),
      .index = text_of(root, "index"),
      .tenant = text_of(root, "tenant"),
      .principal = text_of(root, "principal"),
      .client = client_text(root, "address"),
      .agent = client_text(root, "agent"),
      .opaque_id = client_text(root, "opaque_id"),
      .is_cut = value_of<bool>(root, "cut"),
      .status = static_cast<int>(value_of<std::int64_t>(root, "status")),
      .is_by_its_set = text_of(root, "judged_by") != kCurrentSet,
      .left_out = value_of<std::uint64_t>(root, "left_out")};
  for (const dom::element directive : directives) {
    report.directives.push_back({.id = text_of(directive, "id"),
                                 .recorded = value_of<bool>(directive, "recorded"),
                                 .reasons = reasons_of(directive)});
  }
  return report;
}

}  // namespace

std::string encode_why_reports(std::span<const WhyReport> reports) {
  JsonWriter json;
  write_report(json, reports.front());
  if (reports.size() > 1) {
    json.key("others").begin_array();
    for (const WhyReport& report : reports.subspan(1)) {
      write_report(json, report);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
  return std::move(json).take();
}

std::vector<WhyReport> decode_why_reports(std::string_view json) {
  dom::parser parser;
  dom::element root;
  if (parser.allocate(json.size(), kMaxDepth) != simdjson::SUCCESS ||
      parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
    return {};
  }
  auto first = read_report(root);
  if (!first) return {};
  std::vector<WhyReport> reports{*std::move(first)};
  dom::array others;
  if (root["others"].get(others) != simdjson::SUCCESS) return reports;
  for (const dom::element other : others) {
    if (auto report = read_report(other)) reports.push_back(*std::move(report));
  }
  return reports;
}

}  // namespace osproxy
