#include "osproxy/observe/metrics.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <limits>
#include <span>
#include <unordered_set>
#include <utility>

#include <prometheus/text_serializer.h>

#include "osproxy/core/visible_text.h"

namespace osproxy {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Label = ClientMetric::Label;

constexpr std::array<const char*, kStatusClassCount> kStatusClassNames{"none", "1xx", "2xx",
                                                                       "3xx",  "4xx", "5xx"};
constexpr std::size_t kLevelCount = 4;
constexpr std::size_t kMaxNamedDirectives = 100;  // a series each

Label label(std::string name, std::string_view value) {
  return {.name = std::move(name), .value = std::string(value)};
}

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

void add_requests(MetricFamily& family, const std::string& endpoint, const EndpointTotals& totals) {
  for (std::size_t i = 0; i < totals.requests.size(); ++i) {
    const std::uint64_t count = totals.requests[i].count();
    if (count == 0) continue;
    add_counter(family, static_cast<double>(count),
                {label("endpoint", endpoint), label("status_class", kStatusClassNames[i])});
  }
}

void add_histogram(MetricFamily& family, std::vector<Label> labels, const LatencyTotals& totals) {
  ClientMetric metric;
  metric.label = std::move(labels);
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < totals.buckets.size(); ++i) {
    count += totals.buckets[i];
    const double bound = i < kLatencyBounds.size() ? seconds(kLatencyBounds[i])
                                                   : std::numeric_limits<double>::infinity();
    metric.histogram.bucket.push_back({.cumulative_count = count, .upper_bound = bound});
  }
  metric.histogram.sample_count = count;
  metric.histogram.sample_sum = seconds(totals.sum);
  family.metric.push_back(std::move(metric));
}

void add_latency(MetricFamily& family, const std::string& endpoint, const EndpointTotals& totals) {
  for (std::size_t i = 0; i < totals.requests.size(); ++i) {
    if (totals.requests[i].count() == 0) continue;
    add_histogram(family,
                  {label("endpoint", endpoint), label("status_class", kStatusClassNames[i])},
                  totals.requests[i]);
  }
}

bool is_idle(const EndpointTotals& totals) {
  return std::ranges::all_of(totals.requests,
                             [](const LatencyTotals& one) { return one.count() == 0; });
}

void append_request_families(const ObserverTotals& totals, std::vector<MetricFamily>& families) {
  MetricFamily requests =
      metric_family("osproxy_requests_total", "Requests that have ended.", MetricType::Counter);
  MetricFamily latency = metric_family("osproxy_request_duration_seconds",
                                       "Time from the first byte of the request to the last byte "
                                       "of the response.",
                                       MetricType::Histogram);
  MetricFamily received = metric_family("osproxy_request_body_bytes_total",
                                        "Body bytes received from clients.", MetricType::Counter);
  MetricFamily sent = metric_family("osproxy_response_body_bytes_total",
                                    "Body bytes sent to clients.", MetricType::Counter);
  for (std::size_t i = 0; i < totals.endpoints.size(); ++i) {
    const EndpointTotals& endpoint = totals.endpoints[i];
    if (is_idle(endpoint)) continue;
    const std::string name(to_string(static_cast<Endpoint>(i)));
    add_requests(requests, name, endpoint);
    add_latency(latency, name, endpoint);
    add_counter(received, static_cast<double>(endpoint.request_bytes), {label("endpoint", name)});
    add_counter(sent, static_cast<double>(endpoint.response_bytes), {label("endpoint", name)});
  }
  for (MetricFamily* family : {&requests, &latency, &received, &sent}) {
    families.push_back(std::move(*family));
  }
}

// One family with a sample for each tenant.
template <class Number>
MetricFamily by_tenant(const char* name, const char* help, std::span<const TenantTotals> tenants,
                       Number number) {
  MetricFamily family = metric_family(name, help, MetricType::Counter);
  for (const TenantTotals& tenant : tenants) {
    add_counter(family, number(tenant), {label("tenant", tenant.tenant)});
  }
  return family;
}

void append_tenant_families(std::span<const TenantTotals> tenants,
                            std::vector<MetricFamily>& families) {
  if (tenants.empty()) return;
  const auto count_of = [](std::uint64_t TenantTotals::* number) {
    return [number](const TenantTotals& tenant) { return static_cast<double>(tenant.*number); };
  };
  families.push_back(by_tenant("osproxy_client_requests_total",
                               "Requests that have ended, by tenant.", tenants,
                               count_of(&TenantTotals::requests)));
  families.push_back(by_tenant("osproxy_client_errors_total",
                               "Requests with a 429, a 5xx or no response, by tenant.", tenants,
                               count_of(&TenantTotals::errors)));
  families.push_back(by_tenant("osproxy_client_request_seconds_total",
                               "Summed time of the requests, by tenant.", tenants,
                               [](const TenantTotals& tenant) { return seconds(tenant.time); }));
  families.push_back(by_tenant("osproxy_client_request_body_bytes_total",
                               "Body bytes received from clients, by tenant.", tenants,
                               count_of(&TenantTotals::request_bytes)));
  families.push_back(by_tenant("osproxy_client_response_body_bytes_total",
                               "Body bytes sent to clients, by tenant.", tenants,
                               count_of(&TenantTotals::response_bytes)));
}

// One family with a sample for each output.
MetricFamily by_output(MetricFamily family, std::span<const NamedTotals> outputs,
                       std::uint64_t OutputTotals::* number) {
  const auto add = family.type == MetricType::Counter ? add_counter : add_gauge;
  for (const NamedTotals& output : outputs) {
    add(family, static_cast<double>(output.totals.*number), {label("output", output.output)});
  }
  return family;
}

void append_record_families(const ObserverTotals& totals, std::span<const NamedTotals> outputs,
                            std::vector<MetricFamily>& families) {
  MetricFamily matched = metric_family("osproxy_requests_matched_total",
                                       "Requests that a directive selected at their start, "
                                       "recorded or not.",
                                       MetricType::Counter);
  add_counter(matched, static_cast<double>(totals.matched));
  families.push_back(std::move(matched));
  MetricFamily recorded = metric_family("osproxy_records_total",
                                        "Requests that a directive selected.", MetricType::Counter);
  add_counter(recorded, static_cast<double>(totals.recorded));
  families.push_back(std::move(recorded));
  MetricFamily refused =
      metric_family("osproxy_records_refused_total",
                    "Records not made because a budget was exceeded.", MetricType::Counter);
  add_counter(refused, static_cast<double>(totals.refused));
  families.push_back(std::move(refused));
  families.push_back(by_output(
      metric_family("osproxy_output_records_total",
                    "Records that the output kept, if only for a time.", MetricType::Counter),
      outputs, &OutputTotals::kept));
  families.push_back(by_output(metric_family("osproxy_output_records_evicted_total",
                                             "Records evicted by newer ones.", MetricType::Counter),
                               outputs, &OutputTotals::evicted));
  families.push_back(
      by_output(metric_family("osproxy_output_records_dropped_total",
                              "Records that the output could not keep.", MetricType::Counter),
                outputs, &OutputTotals::dropped));
  families.push_back(by_output(
      metric_family("osproxy_output_records_held", "Records that are held now.", MetricType::Gauge),
      outputs, &OutputTotals::held));
  MetricFamily bytes =
      metric_family("osproxy_explain_store_bytes", "Memory of the records in the explain store.",
                    MetricType::Gauge);
  add_gauge(bytes, static_cast<double>(totals.explain.held_bytes));
  families.push_back(std::move(bytes));
}

void append_signed_families(const ObserverTotals& totals, std::vector<MetricFamily>& families) {
  MetricFamily accepted =
      metric_family("osproxy_signed_directives_accepted_total",
                    "Requests whose signed directive was accepted.", MetricType::Counter);
  add_counter(accepted, static_cast<double>(totals.signed_accepted));
  MetricFamily refused =
      metric_family("osproxy_signed_directives_refused_total",
                    "Requests whose signed directive was refused, by reason.", MetricType::Counter);
  for (std::size_t i = 0; i < totals.signed_refused.size(); ++i) {
    add_counter(refused, static_cast<double>(totals.signed_refused[i]),
                {label("reason", to_string(static_cast<SignedFault>(i)))});
  }
  families.push_back(std::move(accepted));
  families.push_back(std::move(refused));
}

/// Appends a family, or its series to the family of that name.
void merge(MetricFamily family, std::vector<MetricFamily>& families) {
  const auto same = std::ranges::find(families, family.name, &MetricFamily::name);
  if (same == families.end()) {
    families.push_back(std::move(family));
  } else if (same->type == family.type) {
    same->metric.insert(same->metric.end(), std::make_move_iterator(family.metric.begin()),
                        std::make_move_iterator(family.metric.end()));
  }
}

/// Equal for two series that Prometheus takes for one.
std::string identity_of(const ClientMetric& metric) {
  std::vector<Label> labels = metric.label;
  std::sort(labels.begin(), labels.end());  // a Label has `<` only
  std::string identity;
  for (const Label& one : labels) identity.append(one.name).append("=").append(one.value) += '\0';
  return identity;
}

void make_valid(MetricFamily& family) {
  std::unordered_set<std::string> seen;
  std::erase_if(family.metric, [&seen](ClientMetric& metric) {
    for (Label& one : metric.label) one.value = visible_text(one.value);
    return !seen.insert(identity_of(metric)).second;
  });
}

}  // namespace

MetricFamily metric_family(std::string name, std::string help, MetricType type) {
  return {.name = std::move(name), .help = std::move(help), .type = type, .metric = {}};
}

void add_counter(MetricFamily& family, double value, std::vector<Label> labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.counter.value = value;
  family.metric.push_back(std::move(metric));
}

void add_gauge(MetricFamily& family, double value, std::vector<Label> labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

std::vector<MetricFamily> ObserverMetrics::Collect() const {
  const ObserverTotals totals = observer_.totals();
  std::vector<MetricFamily> families;
  append_request_families(totals, families);
  append_tenant_families(observer_.tenants(), families);
  append_record_families(totals, observer_.outputs(), families);
  append_signed_families(totals, families);
  return families;
}

DirectiveMetrics::DirectiveMetrics(Source source, const Clock& clock)
    : source_(std::move(source)), clock_(clock) {}

std::vector<MetricFamily> DirectiveMetrics::Collect() const {
  const DirectiveSet::Pointer set = source_();
  const Now now = clock_.now();
  std::array<std::size_t, kLevelCount> active_by_level{};
  std::size_t thinned_count = 0;
  MetricFamily refused = metric_family("osproxy_directive_records_refused_total",
                                       "Records that an active directive left out to stay within a "
                                       "budget, of the first directives that did.",
                                       MetricType::Counter);
  for (const CompiledDirective& compiled : set->directives()) {
    if (compiled.life.is_over(now)) continue;
    ++active_by_level[static_cast<std::size_t>(compiled.directive.level)];
    const auto left_out = compiled.usage->refused.load(std::memory_order_relaxed);
    if (left_out == 0) continue;
    thinned_count += compiled.usage->thinning.notice() ? 1 : 0;
    if (refused.metric.size() < kMaxNamedDirectives) {
      add_counter(refused, static_cast<double>(left_out),
                  {label("directive", compiled.directive.id)});
    }
  }
  MetricFamily all =
      metric_family("osproxy_directives", "Directives in the set in force.", MetricType::Gauge);
  add_gauge(all, static_cast<double>(set->directives().size()));
  MetricFamily active =
      metric_family("osproxy_directives_active",
                    "Directives in the set in force that have not expired.", MetricType::Gauge);
  for (std::size_t i = 0; i < kLevelCount; ++i) {
    add_gauge(active, static_cast<double>(active_by_level[i]),
              {label("level", to_string(static_cast<Level>(i)))});
  }
  MetricFamily thinned = metric_family(
      "osproxy_directives_thinned",
      "Active directives that lately left records out to stay within a budget.", MetricType::Gauge);
  add_gauge(thinned, static_cast<double>(thinned_count));
  return {std::move(all), std::move(active), std::move(thinned), std::move(refused)};
}

std::vector<MetricFamily> TailMetrics::Collect() const {
  MetricFamily readers =
      metric_family("osproxy_tail_readers", "Readers of the live tail now.", MetricType::Gauge);
  add_gauge(readers, static_cast<double>(tail_.readers()));
  return {std::move(readers)};
}

std::string to_exposition(const Collectables& collectables) {
  std::vector<MetricFamily> families;
  for (const auto& weak : collectables) {
    const auto collectable = weak.lock();
    if (!collectable) continue;
    for (MetricFamily& family : collectable->Collect()) merge(std::move(family), families);
  }
  for (MetricFamily& family : families) make_valid(family);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace osproxy
