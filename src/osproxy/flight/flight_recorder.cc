#include "osproxy/flight/flight_recorder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>
#include <utility>

#include "osproxy/record/packed_record.h"

namespace osproxy {
namespace {

/// Part of the memory. Notable requests are fewer, and each of them matters more.
constexpr std::size_t kNotableShare = 3;

/// Samples that a worker takes in a second. Each one chosen at its start costs some microseconds,
/// with the times of its stages and perhaps the shape of its body: at 1,000 a second, four percent
/// of the CPU of small requests, and at 250 one percent (docs/performance.md). A flood of failures
/// may cost more, because each of them says something.
constexpr std::size_t kMostChosen = 250;
constexpr std::size_t kMostNotable = 4'000;
constexpr std::size_t kMostOfClass = 50;

/// Bodies that are read in a second: each costs some microseconds more than a sample.
constexpr std::size_t kMostBodies = 50;

/// Part of a small memory that one second may fill. The time before it keeps the rest.
constexpr std::size_t kSliceShare = 8;

/// 0 for 0, 1 up to 3, 2 up to 15, and so on.
constexpr std::uint32_t class_of(std::uint64_t value, std::size_t classes) noexcept {
  return std::min<std::uint32_t>((static_cast<std::uint32_t>(std::bit_width(value)) + 1) / 2,
                                 static_cast<std::uint32_t>(classes) - 1);
}

}  // namespace

/// The decision on one request: it is kept if any sampler picks it.
class FlightShard::Picks {
 public:
  explicit Picks(double chosen) noexcept
      : is_kept_(chosen > 0), missed_(chosen == 0 ? 1 : 1 - 1 / std::abs(chosen)) {}

  void offer_to(ThinningSampler& sampler, std::size_t size) noexcept {
    missed_ *= 1 - 1 / sampler.weight();
    if (sampler.offer() <= 0) return;
    is_kept_ = true;
    sampler.kept(size);
  }

  bool is_kept() const noexcept { return is_kept_; }
  double weight() const noexcept { return 1 / (1 - missed_); }

 private:
  bool is_kept_;
  double missed_;  // the probability that none picks it
};

FlightShard::FlightShard(const Options& options, Random random)
    : options_(options),
      ordinary_log_(options.bytes - options.bytes / kNotableShare, Random(random.next())),
      notable_log_(options.bytes / kNotableShare, Random(random.next())),
      chosen_(Random(random.next())),
      notable_(Random(random.next())),
      bodies_(Random(random.next())),
      by_latency_(make_classes(random)),
      by_size_(make_classes(random)) {}

FlightShard::Classes FlightShard::make_classes(Random& random) {
  const auto make = [&random](auto) { return ThinningSampler(Random(random.next())); };
  return [&make]<std::size_t... I>(std::index_sequence<I...>) {
    return Classes{make(I)...};
  }(std::make_index_sequence<kClasses>());
}

std::size_t FlightShard::slice_bytes(const SampleLog& log, std::size_t samples) const noexcept {
  return std::min(log.max_bytes() / kSliceShare, samples * usual_size_);
}

void FlightShard::begin_slice(BootTime now) noexcept {
  ordinary_log_.expire(now - options_.window);
  notable_log_.expire(now - options_.window);
  held_bytes_.set(ordinary_log_.bytes() + notable_log_.bytes());
  chosen_.begin_slice(now, slice_bytes(ordinary_log_, kMostChosen));
}

double FlightShard::offer_body(BootTime now) noexcept {
  if (bodies_.is_over(now)) bodies_.begin_slice(now, kMostBodies);
  const double weight = bodies_.offer();
  if (weight > 0) bodies_.kept(1);
  return weight;
}

FlightShard::Choice FlightShard::end(const Ended& ended, double chosen) noexcept {
  Picks picks(chosen);
  const auto offer_to = [&](ThinningSampler& sampler, const SampleLog& log, std::size_t most) {
    if (sampler.is_over(ended.at)) sampler.begin_slice(ended.at, slice_bytes(log, most));
    picks.offer_to(sampler, usual_size_);
  };
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(ended.latency).count();
  const auto latency =
      class_of(static_cast<std::uint64_t>(std::max<std::int64_t>(ms, 0)), kClasses);
  const auto size = class_of(ended.bytes / 1024, kClasses);
  const SampleLog& log = ended.is_notable ? notable_log_ : ordinary_log_;
  if (latency > 0) offer_to(by_latency_[latency], log, kMostOfClass);
  if (size > 0) offer_to(by_size_[size], log, kMostOfClass);
  if (ended.is_notable) {
    offer_to(notable_, log, kMostNotable);
    if (!picks.is_kept()) thinned_notable_.add(1);
  }
  return {.is_kept = picks.is_kept(),
          .is_notable = ended.is_notable,
          .kind = static_cast<std::uint32_t>(latency * kClasses + size),
          .weight = {.ended = ended.at,
                     .weight = picks.is_kept() ? picks.weight() : 0,
                     .chosen_weight = std::max(chosen, 0.0) * ended.body_weight}};
}

void FlightShard::keep(const Choice& choice, const Record& record) noexcept {
  SampleLog& log = choice.is_notable ? notable_log_ : ordinary_log_;
  const std::size_t size = log.append(choice.weight, record, choice.kind);
  held_bytes_.set(ordinary_log_.bytes() + notable_log_.bytes());
  if (size == 0) {
    dropped_.add(1);
    return;
  }
  (choice.is_notable ? kept_notable_ : kept_).add(1);
  usual_size_ = (7 * usual_size_ + size) / 8;
}

FlightRecorder::FlightRecorder(const FlightOptions& options, std::size_t workers, Random random)
    : options_(options) {
  if (options.bytes == 0) return;
  for (std::size_t i = 0; i < workers; ++i) {
    shards_.push_back(
        std::make_unique<FlightShard>(FlightShard::Options{.bytes = options.bytes / workers,
                                                           .window = options.window,
                                                           .slow_after = options.slow_after},
                                      Random(random.next())));
  }
}

template <class Filter>
void FlightRecorder::visit_if(Filter&& is_wanted,
                              const std::function<void(const Sample&)>& use) const {
  const std::lock_guard lock(reading_);
  for (const auto& shard : shards_) {
    for (const SampleLog* const log : {&shard->ordinary_log_, &shard->notable_log_}) {
      for (const SampleLog::PagePointer& page : log->pages()) {
        page->visit([&](const SampleWeight& weight, std::span<const std::byte> packed) {
          if (!is_wanted(weight, packed)) return;
          use({.weight = weight,
               .is_notable = log == &shard->notable_log_,
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
