// The counters of one worker. Only the worker writes them; any thread may read them.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "osproxy/core/single_writer_counter.h"
#include "osproxy/observe/recorder.h"
#include "osproxy/observe/totals.h"

namespace osproxy {

struct LatencyCounters {
  std::array<SingleWriterCounter, kLatencyBounds.size() + 1> buckets;
  SingleWriterCounter sum_ns;

  void count(std::chrono::nanoseconds latency) noexcept;
  void add_to(LatencyTotals& totals) const noexcept;
};

struct EndpointCounters {
  std::array<LatencyCounters, kStatusClassCount> requests;
  SingleWriterCounter request_bytes;
  SingleWriterCounter response_bytes;

  void count(const RequestSample& sample) noexcept;
  void add_to(EndpointTotals& totals) const noexcept;
};

struct OutputCounters {
  SingleWriterCounter kept;
  SingleWriterCounter evicted;
  SingleWriterCounter dropped;
  SingleWriterCounter held;
  SingleWriterCounter held_bytes;

  void add_to(OutputTotals& totals) const noexcept;
};

/// On separate cache lines, so that workers do not slow each other down.
struct alignas(64) WorkerCounters {
  std::array<EndpointCounters, kEndpointCount> endpoints;
  SingleWriterCounter matched;
  SingleWriterCounter recorded;
  SingleWriterCounter by_directives;
  SingleWriterCounter refused;
  SingleWriterCounter signed_accepted;
  std::array<SingleWriterCounter, kSignedFaultCount> signed_refused;
  OutputCounters explain;
  OutputCounters ring;

  void add_to(ObserverTotals& totals) const noexcept;
};

/// The class of a response's status, as an index of EndpointTotals::requests.
std::size_t status_class(int status) noexcept;

/// The bucket of kLatencyBounds that `latency` falls into.
std::size_t latency_bucket(std::chrono::nanoseconds latency) noexcept;

}  // namespace osproxy
