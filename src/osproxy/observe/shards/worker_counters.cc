#include "osproxy/observe/shards/worker_counters.h"

#include <algorithm>

namespace osproxy {

std::size_t status_class(int status) noexcept {
  // A status of an unknown class is taken for a server's error (RFC 9110, section 15).
  return static_cast<std::size_t>(std::clamp(status / 100, 0, 5));
}

std::size_t latency_bucket(std::chrono::nanoseconds latency) noexcept {
  const auto bound = std::ranges::lower_bound(kLatencyBounds, latency);
  return static_cast<std::size_t>(bound - kLatencyBounds.begin());
}

void LatencyCounters::count(std::chrono::nanoseconds latency) noexcept {
  buckets[latency_bucket(latency)].add(1);
  sum_ns.add(static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0)));
}

void LatencyCounters::add_to(LatencyTotals& totals) const noexcept {
  for (std::size_t i = 0; i < buckets.size(); ++i) totals.buckets[i] += buckets[i].get();
  totals.sum += std::chrono::nanoseconds(sum_ns.get());
}

void EndpointCounters::count(const RequestSample& sample) noexcept {
  requests[status_class(sample.status)].count(sample.latency);
  request_bytes.add(sample.request_bytes);
  response_bytes.add(sample.response_bytes);
}

void EndpointCounters::add_to(EndpointTotals& totals) const noexcept {
  for (std::size_t i = 0; i < requests.size(); ++i) requests[i].add_to(totals.requests[i]);
  totals.request_bytes += request_bytes.get();
  totals.response_bytes += response_bytes.get();
}

void OutputCounters::add_to(OutputTotals& totals) const noexcept {
  totals.kept += kept.get();
  totals.evicted += evicted.get();
  totals.dropped += dropped.get();
  totals.held += held.get();
  totals.held_bytes += held_bytes.get();
}

void WorkerCounters::add_to(ObserverTotals& totals) const noexcept {
  for (std::size_t i = 0; i < endpoints.size(); ++i) endpoints[i].add_to(totals.endpoints[i]);
  totals.matched += matched.get();
  totals.recorded += recorded.get();
  totals.by_directives += by_directives.get();
  totals.refused += refused.get();
  totals.signed_accepted += signed_accepted.get();
  for (std::size_t i = 0; i < signed_refused.size(); ++i) {
    totals.signed_refused[i] += signed_refused[i].get();
  }
  explain.add_to(totals.explain);
  ring.add_to(totals.ring);
}

}  // namespace osproxy
