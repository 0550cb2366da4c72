#include "osproxy/otlp/span_tally.h"

#include <algorithm>

namespace osproxy::otlp {
namespace {

constexpr auto kValue = [](const std::atomic<std::uint64_t>& number) {
  return number.load(std::memory_order_relaxed);
};

}  // namespace

void SpanTally::accept(SpanAmount amount, std::uint64_t rejected_spans) noexcept {
  const std::uint64_t rejected = std::min(rejected_spans, amount.spans);
  add(exported_, amount.spans - rejected);
  add(rejected_, rejected);
  add(kept_records_, amount.records);
  add(requests_, 1);
}

void SpanTally::drop(DropReason reason, SpanAmount amount) noexcept {
  add(dropped_records_, amount.records);
  add(dropped_[static_cast<std::size_t>(reason)], amount.spans);
}

OtlpCounters SpanTally::counters(std::size_t queued) const noexcept {
  OtlpCounters counters{.exported = kValue(exported_),
                        .rejected = kValue(rejected_),
                        .requests = kValue(requests_),
                        .retries = kValue(retries_),
                        .waiting = queued + kValue(batching_)};
  std::ranges::transform(dropped_, counters.dropped.begin(), kValue);
  return counters;
}

OutputTotals SpanTally::totals(std::size_t queued) const noexcept {
  return {.kept = kValue(kept_records_),
          .dropped = kValue(dropped_records_),
          .held = queued + kValue(batching_)};
}

}  // namespace osproxy::otlp
