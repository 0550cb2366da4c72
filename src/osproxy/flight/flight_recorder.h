// Keeps samples of the requests of the last minutes, with no directive published: what `top`,
// `recent` and `plan` read (docs/recorder.md).
//
//   FlightRecorder recorder({.bytes = 16 << 20}, workers);
//   FlightShard& shard = recorder.shard(i);          // for worker i's thread only
//   const double chosen = shard.begin(started);      // at the start of each request
//   const auto choice = shard.end(ended, chosen, is_notable);
//   if (choice.is_kept) shard.keep(choice, make_record());
//   recorder.visit(now - 5min, [](const Sample& sample) { use(sample); });  // any thread
//
// Requests are of two kinds, which share the memory: notable ones, which are slow or failed, and
// all others. All of them are kept while they are few. Of a flood, random samples are kept, so that
// keeping them takes little time, and those that are older are thinned out further when the memory
// is used up (sample_log.h). Each sample says how many requests of its kind it stands for.
//
// Thread safety: a shard belongs to its worker's thread; all else may be called from any thread.
// The recorder must outlive the workers.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/single_writer_counter.h"
#include "osproxy/flight/sample_log.h"
#include "osproxy/flight/thinning_sampler.h"
#include "osproxy/record/record.h"

namespace osproxy {

struct FlightOptions {
  std::size_t bytes = std::size_t{16} << 20;  ///< of all workers together; 0: off
  std::chrono::milliseconds window{600'000};  ///< older samples are dropped
  std::chrono::milliseconds slow_after{1'000};
};

/// Of the samples since the start, and of the memory that is held now.
struct FlightTotals {
  std::uint64_t kept = 0;             ///< samples of ordinary requests
  std::uint64_t kept_notable = 0;     ///< samples of slow and failed requests
  std::uint64_t thinned_notable = 0;  ///< slow and failed requests that only others stand for
  std::uint64_t dropped = 0;          ///< samples that were too large, or found no memory
  std::uint64_t held_bytes = 0;
};

/// One worker's part. The functions that are called for each request neither wait nor allocate.
class FlightShard {
 public:
  struct Options {
    std::size_t bytes;
    std::chrono::nanoseconds window;
    std::chrono::nanoseconds slow_after;
  };

  struct Choice {
    bool is_kept = false;
    bool is_notable = false;
    SampleWeight weight{};
  };

  FlightShard(const Options& options, Random ordinary, Random notable);

  /// A request begins. Returns the number of requests that it stands for, whatever becomes of it;
  /// 0 if it is not chosen.
  double begin(BootTime now) noexcept {
    if (ordinary_.sampler.is_over(now)) begin_slice(ordinary_, now);
    const double weight = ordinary_.sampler.offer();
    // Its memory is paid for now: its end may be in another slice.
    if (weight > 0) ordinary_.sampler.kept(usual_size_);
    return weight;
  }

  std::chrono::nanoseconds slow_after() const noexcept { return options_.slow_after; }

  /// The request ends: is it to be kept? `is_notable`: it was slow or failed.
  Choice end(BootTime now, double chosen_weight, bool is_notable) noexcept;

  /// Keeps a sample that end() chose.
  void keep(const Choice& choice, const Record& record) noexcept;

 private:
  friend class FlightRecorder;

  /// The samples of one kind.
  struct Kind {
    Kind(std::size_t bytes, std::size_t samples, Random random)
        : log(bytes, Random(random.next())), sampler(random), most_a_slice(samples) {}

    SampleLog log;
    ThinningSampler sampler;
    const std::size_t most_a_slice;  // samples
  };

  void begin_slice(Kind& kind, BootTime now) noexcept;

  const Options options_;
  Kind ordinary_;
  Kind notable_;
  std::size_t usual_size_ = 300;  // of a sample, as of late

  // Read by any thread.
  SingleWriterCounter kept_;
  SingleWriterCounter kept_notable_;
  SingleWriterCounter thinned_notable_;
  SingleWriterCounter dropped_;
  SingleWriterCounter held_bytes_;
};

/// A sample as readers get it.
struct Sample {
  SampleWeight weight;
  bool is_notable;
  const Record& record;
};

class FlightRecorder {
 public:
  FlightRecorder(const FlightOptions& options, std::size_t workers,
                 Random random = Random::from_system());
  FlightRecorder(const FlightRecorder&) = delete;
  FlightRecorder& operator=(const FlightRecorder&) = delete;

  bool is_on() const noexcept { return !shards_.empty(); }
  const FlightOptions& options() const noexcept { return options_; }

  /// Requires is_on().
  FlightShard& shard(std::size_t worker) noexcept { return *shards_[worker]; }

  /// Calls `use` for each sample that ended at `from` or later, in no particular order. One reader
  /// at a time: the others wait, so that the memory that readers hold on to is bounded too. May
  /// throw std::bad_alloc.
  void visit(BootTime from, const std::function<void(const Sample&)>& use) const;

  /// Likewise for the samples with that request id; all others are not even unpacked.
  void visit_request(std::string_view request_id,
                     const std::function<void(const Sample&)>& use) const;

  FlightTotals totals() const noexcept;

 private:
  template <class Filter>
  void visit_if(Filter&& is_wanted, const std::function<void(const Sample&)>& use) const;

  const FlightOptions options_;
  std::vector<std::unique_ptr<FlightShard>> shards_;
  mutable std::mutex reading_;
};

}  // namespace osproxy
