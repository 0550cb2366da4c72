#include "osproxy/flight/top_report.h"

#include <cstdint>
#include <tuple>
#include <utility>

#include <simdjson.h>

#include "osproxy/core/json_writer.h"
#include "osproxy/flight/report_reader.h"

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

LatencyHistogram read_latency(ReportReader& reader, dom::element sums) {
  LatencyHistogram latency;
  dom::array buckets;
  if (sums["latency"]["buckets"].get(buckets) != simdjson::SUCCESS) {
    reader.fail("latency.buckets is no array");
    return latency;
  }
  for (const dom::element bucket : buckets) {
    std::uint64_t number = 0;
    double weight = 0;
    if (bucket.at(0).get(number) != simdjson::SUCCESS ||
        bucket.at(1).get(weight) != simdjson::SUCCESS || number >= LatencyHistogram::kBuckets ||
        weight < 0 || weight > ReportReader::kMaxNumber) {
      reader.fail("latency.buckets has one that is none");
      return latency;
    }
    latency.add_to(static_cast<std::uint16_t>(number), weight);
  }
  return latency;
}

TopSums read_sums(ReportReader& reader, dom::element row, std::string_view key) {
  dom::element sums;
  if (row[key].get(sums) != simdjson::SUCCESS) {
    reader.fail(std::string(key) + " is missing");
    return {};
  }
  return {.requests = reader.estimate(sums, "requests"),
          .time_us = reader.estimate(sums, "time_us"),
          .bytes = reader.estimate(sums, "bytes"),
          .errors = reader.estimate(sums, "errors"),
          .latency = read_latency(reader, sums)};
}

TopRow read_sums_of_row(ReportReader& reader, dom::element element, bool compares) {
  return {.key = {},
          .now = read_sums(reader, element, "now"),
          .before = compares ? read_sums(reader, element, "before") : TopSums{}};
}

TopRow read_row(ReportReader& reader, dom::element element, const TopQuery& query) {
  TopRow row = read_sums_of_row(reader, element, query.compares);
  dom::array key;
  if (element["key"].get(key) == simdjson::SUCCESS) {
    for (const dom::element one : key) {
      std::string_view name;
      row.key.emplace_back(one.get(name) == simdjson::SUCCESS ? name : std::string_view());
    }
  }
  if (row.key.size() != query.by.size()) reader.fail("a row's key has not a name for each of by");
  return row;
}

TopQuery read_query(ReportReader& reader, dom::element root) {
  TopQuery query{.by = {}, .compares = reader.time(root, "against_secs").count() > 0};
  dom::array by;
  if (root["by"].get(by) == simdjson::SUCCESS) {
    for (const dom::element one : by) {
      std::string_view name;
      std::ignore = one.get(name);
      if (const auto dimension = parse_top_dimension(name)) query.by.push_back(*dimension);
    }
  }
  if (query.by.empty() || query.by.size() != by.size()) reader.fail("by has no known names");
  const auto sort = parse_top_sort(reader.text(root, "sort"));
  if (!sort) reader.fail("sort is no known sum");
  query.sort = sort.value_or(TopSort::Time);
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

std::expected<TopReport, std::string> decode_top_report(std::string_view json) {
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
    return std::unexpected(kNoReport);
  }
  ReportReader reader;
  TopReport report{.instance = reader.text(root, "instance"),
                   .window = reader.time(root, "window_secs"),
                   .last = reader.time(root, "last_secs"),
                   .against = reader.time(root, "against_secs"),
                   .covered = reader.time(root, "covered_secs"),
                   .query = read_query(reader, root),
                   .result = {}};
  report.result.others = read_sums_of_row(reader, others, report.query.compares);
  report.result.others_count = static_cast<std::size_t>(reader.number(others, "rows"));
  report.result.total = read_sums_of_row(reader, total, report.query.compares);
  for (const dom::element row : rows) {
    report.result.rows.push_back(read_row(reader, row, report.query));
  }
  if (!reader.fault().empty()) return std::unexpected(reader.fault());
  return report;
}

}  // namespace osproxy
