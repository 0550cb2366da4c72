// GET /admin/top and /admin/recent, POST /admin/plan: what the flight recorder has kept.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "osproxy/admin/handlers.h"
#include "osproxy/admin/query.h"
#include "osproxy/admin/visible_directives.h"
#include "osproxy/core/duration.h"
#include "osproxy/core/json_writer.h"
#include "osproxy/flight/failed_request.h"
#include "osproxy/flight/plan_report.h"
#include "osproxy/flight/recent.h"
#include "osproxy/flight/top_report.h"
#include "osproxy/store/publisher.h"

namespace osproxy::admin {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxRows = 1'000;
constexpr std::size_t kMaxRecent = 1'000;

// More names would make a row of nearly every request.
constexpr std::size_t kMaxDimensions = 4;

// Each one reads all samples.
constexpr std::size_t kMaxPlanned = 10;

// The last minutes say most of the next ones.
constexpr std::chrono::seconds kPlanned = 5min;

Response recorder_off() {
  return error_response(404, "output_off",
                        "the flight recorder is off on this instance: --recorder-bytes is 0");
}

bool is_off(const Context& context) noexcept {
  return context.dependencies.flight == nullptr || !context.dependencies.flight->is_on();
}

bool set_dimensions(std::vector<TopDimension>& into, std::string_view text) {
  into.clear();
  while (true) {
    const std::string_view name = text.substr(0, text.find(','));
    const auto dimension = parse_top_dimension(name);
    if (!dimension || std::ranges::count(into, *dimension) > 0 || into.size() == kMaxDimensions) {
      return false;
    }
    into.push_back(*dimension);
    if (name.size() == text.size()) return true;
    text.remove_prefix(name.size() + 1);
  }
}

// Whole seconds, rounded up.
bool set_seconds(std::chrono::seconds& into, std::string_view text) {
  const auto duration = parse_duration(text);
  if (!duration || *duration <= 0ms) return false;
  into = std::chrono::ceil<std::chrono::seconds>(*duration);
  return true;
}

struct WantedTop {
  TopQuery query;
  RecordFilter filter;
  std::chrono::seconds last = 5min;
  std::chrono::seconds against{0};
  std::size_t limit = 10;
};

std::expected<WantedTop, Response> read_wanted_top(const Request& request) {
  WantedTop wanted;
  const std::string by_rule = "one to four of " + top_dimension_names() + ", separated by commas";
  const std::string sort_rule = "one of " + top_sort_names();
  std::vector<Parameter> parameters = filter_parameters(wanted.filter);
  parameters.push_back(
      {"by", by_rule, [&](const std::string& v) { return set_dimensions(wanted.query.by, v); }});
  parameters.push_back({"sort", sort_rule, [&](const std::string& v) {
                          const auto sort = parse_top_sort(v);
                          wanted.query.sort = sort.value_or(TopSort::Time);
                          return sort.has_value();
                        }});
  parameters.push_back({"last", "a duration, as in 30s or 5m",
                        [&](const std::string& v) { return set_seconds(wanted.last, v); }});
  parameters.push_back({"against", "a duration, as in 30s or 5m",
                        [&](const std::string& v) { return set_seconds(wanted.against, v); }});
  parameters.push_back({"limit", "a number from 1 to 1000", [&](const std::string& v) {
                          return set_number<std::size_t>(wanted.limit, v, 1, kMaxRows);
                        }});
  auto read = read_query(request.query(), parameters);
  if (!read) return std::unexpected(std::move(read).error());
  wanted.query.compares = wanted.against > 0s;
  return wanted;
}

// The time of which samples are held: since the start, at most the window. At least a second: an
// instance that has just started has seen what it has.
std::chrono::seconds covered(const Context& context, BootTime now) {
  const auto window =
      std::chrono::floor<std::chrono::seconds>(context.dependencies.flight->options().window);
  const auto since_start = std::chrono::ceil<std::chrono::seconds>(now - context.started.boot);
  return std::max(std::min(window, since_start), std::chrono::seconds(1));
}

// Samples leave the memory by the page. Those that are older than the window do not count.
BootTime window_begin(const FlightRecorder& flight, BootTime now) noexcept {
  return now - flight.options().window;
}

// The part of the client's identity that `target` asks for and no sample has; else null.
const char* missing_field(const Target& target, const ClientFields& kept) noexcept {
  if (target.client && !kept.address) return "address";
  if (target.agent && !kept.agent) return "agent";
  if (target.opaque_id && !kept.opaque_id) return "opaque_id";
  return nullptr;
}

std::optional<Response> refuse_missing(const Context& context, const Target& target) {
  const char* const field =
      missing_field(target, context.dependencies.flight->options().client_fields);
  if (field == nullptr) return std::nullopt;
  return error_response(400, "client_not_kept",
                        std::string("not known here: --client-fields keeps no ") + field);
}

}  // namespace

Response get_top(const Context& context, const Request& request, std::string_view) {
  if (is_off(context)) return recorder_off();
  const auto wanted = read_wanted_top(request);
  if (!wanted) return wanted.error();
  if (auto refused = refuse_missing(context, wanted->filter.target)) return *std::move(refused);
  const FlightRecorder& flight = *context.dependencies.flight;
  const BootTime now = context.dependencies.clock.boot();
  const BootTime oldest = window_begin(flight, now);
  const BootTime begin = now - wanted->last;
  TopTable table(wanted->query);
  flight.visit(std::max(begin - wanted->against, oldest), [&](const Sample& sample) {
    if (!request.caller->sees(sample.record.tenant)) return;
    if (!wanted->filter.judges(sample.record)) return;
    const auto period = sample.weight.ended < begin ? TopPeriod::Before : TopPeriod::Now;
    table.see(sample, period);
    if (wanted->filter.matches(sample.record)) table.add(sample, period);
  });
  const TopReport report{
      .instance = context.options.instance,
      .window = std::chrono::floor<std::chrono::seconds>(flight.options().window),
      .last = wanted->last,
      .against = wanted->against,
      .covered = std::min(covered(context, now), wanted->last + wanted->against),
      .query = wanted->query,
      .result = table.top(wanted->limit)};
  return {.body = encode_top_report(report)};
}

Response get_recent(const Context& context, const Request& request, std::string_view) {
  if (is_off(context)) return recorder_off();
  RecordFilter filter{.tenants = request.caller->tenants};
  std::size_t limit = 20;
  std::vector<Parameter> parameters = filter_parameters(filter);
  parameters.push_back({"limit", "a number from 1 to 1000", [&](const std::string& v) {
                          return set_number<std::size_t>(limit, v, 1, kMaxRecent);
                        }});
  if (auto read = read_query(request.query(), parameters); !read) return read.error();
  if (auto refused = refuse_missing(context, filter.target)) return *std::move(refused);
  const FlightRecorder& flight = *context.dependencies.flight;
  const BootTime oldest = window_begin(flight, context.dependencies.clock.boot());
  const FlightTotals totals = flight.totals();
  JsonWriter json;
  json.begin_object().field("instance", context.options.instance);
  json.field("slow_after_ms", flight.options().slow_after.count());
  // It counts requests of all tenants.
  json.field("left_out", request.caller->is_bound() ? 0 : totals.thinned_notable);
  json.key("records").begin_array();
  for (const Record& record : newest_notable(flight, oldest, filter, limit))
    json.raw(to_json(record));
  json.end_array().end_object();
  return {.body = std::move(json).take()};
}

Response post_plan(const Context& context, const Request& request, std::string_view) {
  if (is_off(context)) return recorder_off();
  const Now now = context.dependencies.clock.now();
  const auto document = prepare_document(request.body, context.options.limits, now.wall);
  if (!document) {
    // prepare_document() promises a reason for each rejection.
    const DecodeError fault = document.error().rejected.value();
    return error_response(400, to_string(fault.fault), document.error().message,
                          [&](JsonWriter& json) {
                            json.field("slug", to_string(fault.fault)).field("where", fault.where);
                          });
  }
  if (document->directives.size() > kMaxPlanned) {
    return error_response(400, "too_many_directives", "a plan is made for 10 directives at most");
  }
  const PlanOptions options{.covered = std::min(covered(context, now.boot), kPlanned),
                            .budget = context.options.directive_budget,
                            .now = now.wall,
                            .tenants = request.caller->tenants};
  if (auto refused = refuse_others(*request.caller, *document)) return *std::move(refused);
  for (const Directive& directive : document->directives) {
    if (auto refused = refuse_missing(context, directive.target)) return *std::move(refused);
  }
  PlanReport report{.instance = context.options.instance, .plans = {}};
  for (const Directive& directive : document->directives) {
    report.plans.emplace_back(
        directive.id, plan_directive(*context.dependencies.flight, directive, options, now.boot));
  }
  return {.body = encode_plan_report(report)};
}

}  // namespace osproxy::admin
