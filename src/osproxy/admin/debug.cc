// GET /debug/…: a record by its request id, and the newest records of the break-glass ring.
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "osproxy/admin/handlers.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/flight/recent.h"
#include "osproxy/record/record.h"

namespace osproxy::admin {
namespace {

constexpr std::size_t kDefaultLimit = 100;
constexpr std::size_t kMaxLimit = 10'000;

// The newest records that fit are shown: 10,000 usual ones.
constexpr std::size_t kMaxRingText = std::size_t{16} << 20;

// Reads the `limit` of the query; nullopt if it is not a number from 1 to kMaxLimit, or if the
// query has another parameter.
std::optional<std::size_t> parse_limit(std::string_view query) {
  if (query.empty()) return kDefaultLimit;
  constexpr std::string_view kName = "limit=";
  if (!query.starts_with(kName)) return std::nullopt;
  query.remove_prefix(kName.size());
  std::size_t limit = 0;
  const char* const end = query.data() + query.size();
  const auto parsed = std::from_chars(query.data(), end, limit);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == end;
  return whole && 1 <= limit && limit <= kMaxLimit ? std::optional(limit) : std::nullopt;
}

// The first record, and as its `others` the records of further requests with the same id.
std::string with_others(const std::vector<std::string>& records) {
  std::string body = records.front();
  if (records.size() == 1) return body;
  JsonWriter others;
  others.begin_array();
  for (const std::string& record : std::span(records).subspan(1)) others.raw(record);
  others.end_array();
  body.pop_back();  // the brace that closes the record
  return body.append(",\"others\":").append(std::move(others).take()).append("}");
}

// Marks a record that no directive asked for.
std::string of_recorder(const Record& record) {
  std::string json = to_json(record);
  json.pop_back();  // the brace that closes the record
  return json.append(",\"recorder\":true}");
}

// The records of directives come first, then those that only the flight recorder has, if they are
// asked for.
std::vector<std::string> find_records(const Context& context, const Caller& caller,
                                      std::string_view request_id, bool with_recorder) {
  const std::vector<Record> recorded = context.dependencies.observer.explain(request_id);
  std::vector<std::string> found;
  found.reserve(recorded.size());
  for (const Record& record : recorded) {
    if (caller.sees(record.tenant)) found.push_back(to_json(record));
  }
  const FlightRecorder* const flight = context.dependencies.flight;
  if (!with_recorder || flight == nullptr || !flight->is_on()) return found;
  for (const Record& sample : with_request_id(*flight, request_id, Observer::kMaxOfOneId)) {
    const auto is_same = [&](const Record& record) {
      return record.started == sample.started && record.latency == sample.latency;
    };
    if (caller.sees(sample.tenant) && std::ranges::none_of(recorded, is_same))
      found.push_back(of_recorder(sample));
  }
  return found;
}

}  // namespace

Response get_explain(const Context& context, const Request& request, std::string_view id) {
  const FlightRecorder* const flight = context.dependencies.flight;
  // Without it, a record shows that a directive has selected the request.
  const bool with_recorder = request.query() == "recorder=true";
  const bool is_flight_on = with_recorder && flight != nullptr && flight->is_on();
  if (!context.dependencies.observer.keeps_explain() && !is_flight_on) {
    return error_response(404, "output_off", "the explain store is off on this instance");
  }
  const auto request_id = percent_decode(id);
  if (!request_id)
    return error_response(400, "bad_request", "the id has a % without two hex digits");
  const std::vector<std::string> records =
      find_records(context, *request.caller, *request_id, with_recorder);
  if (records.empty()) {
    return error_response(404, "not_found", "no record of that request is held on this instance");
  }
  return {.body = with_others(records)};
}

Response get_breakglass(const Context& context, const Request& request, std::string_view) {
  const Observer& observer = context.dependencies.observer;
  if (!observer.keeps_ring()) {
    return error_response(404, "output_off", "the break-glass ring is off on this instance");
  }
  const auto limit = parse_limit(request.query());
  if (!limit) {
    return error_response(400, "bad_limit", "the query must be limit=N, with N from 1 to 10000");
  }
  JsonWriter json;
  json.begin_object().key("records").begin_array();
  std::size_t bytes = 0;
  // Of a caller's tenants, the newest ones may be anywhere in the ring.
  const bool is_bound = request.caller->is_bound();
  std::size_t left = *limit;
  for (const Record& record : observer.breakglass(is_bound ? kMaxLimit : *limit)) {
    if (!request.caller->sees(record.tenant)) continue;
    if (left-- == 0) break;
    const std::string text = to_json(record);
    bytes += text.size();
    if (bytes > kMaxRingText) break;
    json.raw(text);
  }
  json.end_array().end_object();
  return {.body = std::move(json).take()};
}

}  // namespace osproxy::admin
