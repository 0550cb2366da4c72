#include "osproxy/flight/flight_recorder.h"

#include <algorithm>
#include <span>

#include "osproxy/record/packed_record.h"

namespace osproxy {
namespace {

/// Part of the memory. Notable requests are fewer, and each of them matters more.
constexpr std::size_t kNotableShare = 3;

/// Samples of one kind that a worker takes in a second. Each ordinary one costs some microseconds,
/// with the times of its stages and perhaps the shape of its body: at 1,000 a second, four percent
/// of the CPU of small requests, and at 250 one percent (docs/performance.md). A flood of failures
/// may cost more, because each of them says something.
constexpr std::size_t kMostOrdinary = 250;
constexpr std::size_t kMostNotable = 4'000;

/// Part of a small memory that one second may fill. The time before it keeps the rest.
constexpr std::size_t kSliceShare = 8;

}  // namespace

FlightShard::FlightShard(const Options& options, Random ordinary, Random notable)
    : options_(options),
      ordinary_(options.bytes - options.bytes / kNotableShare, kMostOrdinary, ordinary),
      notable_(options.bytes / kNotableShare, kMostNotable, notable) {}

void FlightShard::begin_slice(Kind& kind, BootTime now) noexcept {
  kind.log.expire(now - options_.window);
  held_bytes_.set(ordinary_.log.bytes() + notable_.log.bytes());
  kind.sampler.begin_slice(
      now, std::min(kind.log.max_bytes() / kSliceShare, kind.most_a_slice * usual_size_));
}

FlightShard::Choice FlightShard::end(BootTime now, double chosen_weight, bool is_notable) noexcept {
  Choice choice{.is_kept = chosen_weight > 0,
                .is_notable = is_notable,
                .weight = {.ended = now, .weight = chosen_weight, .chosen_weight = chosen_weight}};
  if (!is_notable) return choice;
  if (notable_.sampler.is_over(now)) begin_slice(notable_, now);
  choice.weight.weight = notable_.sampler.offer();
  if (choice.weight.weight > 0) {
    choice.is_kept = true;
  } else {
    thinned_notable_.add(1);
  }
  return choice;
}

void FlightShard::keep(const Choice& choice, const Record& record) noexcept {
  // A notable request that only others stand for is kept with the ordinary ones if it was chosen.
  const bool is_notable = choice.is_notable && choice.weight.weight > 0;
  Kind& kind = is_notable ? notable_ : ordinary_;
  const std::size_t size = kind.log.append(choice.weight, record);
  held_bytes_.set(ordinary_.log.bytes() + notable_.log.bytes());
  if (size == 0) {
    dropped_.add(1);
    return;
  }
  (is_notable ? kept_notable_ : kept_).add(1);
  if (is_notable) {
    kind.sampler.kept(size);
  } else {
    usual_size_ = (7 * usual_size_ + size) / 8;
  }
}

FlightRecorder::FlightRecorder(const FlightOptions& options, std::size_t workers, Random random)
    : options_(options) {
  if (options.bytes == 0) return;
  for (std::size_t i = 0; i < workers; ++i) {
    shards_.push_back(
        std::make_unique<FlightShard>(FlightShard::Options{.bytes = options.bytes / workers,
                                                           .window = options.window,
                                                           .slow_after = options.slow_after},
                                      Random(random.next()), Random(random.next())));
  }
}

template <class Filter>
void FlightRecorder::visit_if(Filter&& is_wanted,
                              const std::function<void(const Sample&)>& use) const {
  const std::lock_guard lock(reading_);
  for (const auto& shard : shards_) {
    for (const FlightShard::Kind* const kind : {&shard->ordinary_, &shard->notable_}) {
      for (const SampleLog::PagePointer& page : kind->log.pages()) {
        page->visit([&](const SampleWeight& weight, std::span<const std::byte> packed) {
          if (!is_wanted(weight, packed)) return;
          use({.weight = weight,
               .is_notable = kind == &shard->notable_ || weight.weight == 0,
               .record = unpack(packed)});
        });
      }
    }
  }
}

void FlightRecorder::visit(BootTime from, const std::function<void(const Sample&)>& use) const {
  visit_if([from](const SampleWeight& weight, auto) { return weight.ended >= from; }, use);
}

void FlightRecorder::visit_request(std::string_view request_id,
                                   const std::function<void(const Sample&)>& use) const {
  visit_if(
      [request_id](const auto&, auto packed) { return packed_request_id(packed) == request_id; },
      use);
}

FlightTotals FlightRecorder::totals() const noexcept {
  FlightTotals totals;
  for (const auto& shard : shards_) {
    totals.kept += shard->kept_.get();
    totals.kept_notable += shard->kept_notable_.get();
    totals.thinned_notable += shard->thinned_notable_.get();
    totals.dropped += shard->dropped_.get();
    totals.held_bytes += shard->held_bytes_.get();
  }
  return totals;
}

}  // namespace osproxy
