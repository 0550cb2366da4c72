#include "osproxy/flight/top_report.h"

#include <cstdint>
#include <utility>

#include <simdjson.h>

#include "osproxy/core/json_writer.h"

namespace osproxy {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxDepth = 16;  // a report has seven levels

void write_estimate(JsonWriter& json, std::string_view name, const Estimate& estimate) {
  json.key(name).begin_object();
  json.field("value", estimate.value()).field("error", estimate.error());
  json.field("variance", estimate.variance()).field("largest", estimate.largest()).end_object();
}

void write_sums(JsonWriter& json, const TopSums& sums) {
  json.begin_object();
  write_estimate(json, "requests", sums.requests);
  write_estimate(json, "time_us", sums.time_us);
  write_estimate(json, "bytes", sums.bytes);
  write_estimate(json, "errors", sums.errors);
  json.key("latency").begin_object();
  json.field("p50_us", sums.latency.quantile(0.5).count());
  json.field("p99_us", sums.latency.quantile(0.99).count());
  json.key("buckets").begin_array();
  for (const auto& [number, weight] : sums.latency.buckets()) {
    json.begin_array().value(number).value(weight).end_array();
  }
  json.end_array().end_object().end_object();
}

void write_row(JsonWriter& json, const TopRow& row, bool compares) {
  json.key("now");
  write_sums(json, row.now);
  if (!compares) return;
  json.key("before");
  write_sums(json, row.before);
}

double number_of(dom::element object, std::string_view key) {
  double number = 0;
  return object[key].get(number) == simdjson::SUCCESS ? number : 0;
}

std::chrono::seconds seconds_of(dom::element object, std::string_view key) {
  std::int64_t number = 0;
  return std::chrono::seconds(object[key].get(number) == simdjson::SUCCESS ? number : 0);
}

std::string text_of(dom::element object, std::string_view key) {
  std::string_view text;
  return object[key].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

Estimate read_estimate(dom::element sums, std::string_view key) {
  dom::element estimate;
  if (sums[key].get(estimate) != simdjson::SUCCESS) return {};
  return Estimate::of(number_of(estimate, "value"), number_of(estimate, "variance"),
                      number_of(estimate, "largest"));
}

LatencyHistogram read_latency(dom::element sums) {
  LatencyHistogram latency;
  dom::array buckets;
  if (sums["latency"]["buckets"].get(buckets) != simdjson::SUCCESS) return latency;
  for (const dom::element bucket : buckets) {
    std::uint64_t number = 0;
    double weight = 0;
    if (bucket.at(0).get(number) != simdjson::SUCCESS ||
        bucket.at(1).get(weight) != simdjson::SUCCESS || number >= LatencyHistogram::kBuckets) {
      continue;
    }
    latency.add_to(static_cast<std::uint16_t>(number), weight);
  }
  return latency;
}

TopSums read_sums(dom::element row, std::string_view key) {
  dom::element sums;
  if (row[key].get(sums) != simdjson::SUCCESS) return {};
  return {.requests = read_estimate(sums, "requests"),
          .time_us = read_estimate(sums, "time_us"),
          .bytes = read_estimate(sums, "bytes"),
          .errors = read_estimate(sums, "errors"),
          .latency = read_latency(sums)};
}

TopRow read_row(dom::element element) {
  TopRow row{.key = {}, .now = read_sums(element, "now"), .before = read_sums(element, "before")};
  dom::array key;
  if (element["key"].get(key) != simdjson::SUCCESS) return row;
  for (const dom::element one : key) {
    std::string_view name;
    row.key.emplace_back(one.get(name) == simdjson::SUCCESS ? name : std::string_view());
  }
  return row;
}

std::optional<TopQuery> read_query(dom::element root) {
  TopQuery query{.by = {}, .compares = seconds_of(root, "against_secs").count() > 0};
  dom::array by;
  if (root["by"].get(by) != simdjson::SUCCESS) return std::nullopt;
  for (const dom::element one : by) {
    std::string_view name;
    if (one.get(name) != simdjson::SUCCESS) return std::nullopt;
    const auto dimension = parse_top_dimension(name);
    if (!dimension) return std::nullopt;
    query.by.push_back(*dimension);
  }
  const auto sort = parse_top_sort(text_of(root, "sort"));
  if (!sort) return std::nullopt;
  query.sort = *sort;
  return query;
}

}  // namespace

std::string encode_top_report(const TopReport& report) {
  const bool compares = report.query.compares;
  JsonWriter json;
  json.begin_object().field("instance", report.instance);
  json.field("window_secs", report.window.count()).field("last_secs", report.last.count());
  json.field("against_secs", report.against.count());
  json.field("covered_secs", report.covered.count());
  json.key("by").begin_array();
  for (const TopDimension dimension : report.query.by) json.value(to_string(dimension));
  json.end_array().field("sort", to_string(report.query.sort));
  json.key("total").begin_object();
  write_row(json, report.result.total, compares);
  json.end_object().key("rows").begin_array();
  for (const TopRow& row : report.result.rows) {
    json.begin_object().key("key").begin_array();
    for (const std::string& name : row.key) name.empty() ? json.null() : json.value(name);
    json.end_array();
    write_row(json, row, compares);
    json.end_object();
  }
  json.end_array().key("others").begin_object();
  json.field("rows", report.result.others_count);
  write_row(json, report.result.others, compares);
  json.end_object().end_object();
  return std::move(json).take();
}

std::optional<TopReport> decode_top_report(std::string_view json) {
  dom::parser parser;
  dom::element root;
  dom::element total;
  dom::element others;
  dom::array rows;
  if (parser.allocate(json.size(), kMaxDepth) != simdjson::SUCCESS ||
      parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS ||
      root["total"].get(total) != simdjson::SUCCESS ||
      root["others"].get(others) != simdjson::SUCCESS ||
      root["rows"].get(rows) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  auto query = read_query(root);
  if (!query) return std::nullopt;
  TopReport report{.instance = text_of(root, "instance"),
                   .window = seconds_of(root, "window_secs"),
                   .last = seconds_of(root, "last_secs"),
                   .against = seconds_of(root, "against_secs"),
                   .covered = seconds_of(root, "covered_secs"),
                   .query = *std::move(query),
                   .result = {.rows = {},
                              .others = read_row(others),
                              .others_count = static_cast<std::size_t>(number_of(others, "rows")),
                              .total = read_row(total)}};
  for (const dom::element row : rows) report.result.rows.push_back(read_row(row));
  return report;
}

}  // namespace osproxy
