// Keeps samples of the requests of the last minutes, with no directive published: what `top`,
// `recent` and `plan` read (docs/recorder.md).
//
//   FlightRecorder recorder({.bytes = 16 << 20}, workers);
//   FlightShard& shard = recorder.shard(i);          // for worker i's thread only
//   const double chosen = shard.begin(started);      // at the start of each request
//   const auto choice = shard.end({.at = ended, .latency = 5ms}, chosen);
//   if (choice.is_kept) shard.keep(choice, make_record());
//   recorder.visit(now - 5min, [](const Sample& sample) { use(sample); });  // any thread
//
// All requests are kept while they are few. Of a flood, random samples are kept, so that keeping
// them takes little time. Several samplers pick them, independently of each other: one picks at the
// start of a request, so that its stages are timed and its body may be read; one picks of the
// notable requests, which are slow or failed; and there is one for each class of latency and of
// size. A rare long or large request is therefore kept whatever else passes by: sums of times and
// of sizes are made by those. A sample stands for 1/p requests if p is the probability that at
// least one of the samplers picks it.
//
// Samples that are older are thinned out further when the memory is used up (sample_log.h).
//
// Thread safety: a shard belongs to its worker's thread; all else may be called from any thread.
// The recorder must outlive the workers.
#pragma once

#include <array>
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
#include "osproxy/record/client_fields.h"
#include "osproxy/record/record.h"

namespace osproxy {

struct FlightOptions {
  std::size_t bytes = std::size_t{16} << 20;  ///< of all workers together; 0: off
  std::chrono::milliseconds window{600'000};  ///< older samples are dropped
  std::chrono::milliseconds slow_after{1'000};
  ClientFields client_fields{};  ///< that the records of samples have
};

/// Of the samples since the start, and of the memory that is held now.
struct FlightTotals {
  std::uint64_t kept = 0;             ///< samples of ordinary requests
  std::uint64_t kept_notable = 0;     ///< samples of slow and failed requests
  std::uint64_t thinned_notable = 0;  ///< slow and failed requests that only others stand for
  std::uint64_t dropped = 0;          ///< samples that were too large, or found no memory
  std::uint64_t held_bytes = 0;
};

/// One worker's part. Members: the two logs, and a sampler for each reason to keep a request. The
/// functions that are called for each request neither wait nor allocate.
class FlightShard {
 public:
  struct Options {
    std::size_t bytes;
    std::chrono::nanoseconds window;
    std::chrono::nanoseconds slow_after;
  };

  /// A request that has ended.
  struct Ended {
    BootTime at{};
    std::chrono::nanoseconds latency{0};
    std::uint64_t bytes = 0;  ///< of its bodies, both ways
    bool is_notable = false;  ///< it was slow or failed
    double body_weight = 1;   ///< as offer_body() returned it; 1 if it has no body to be read
  };

  struct Choice {
    bool is_kept = false;
    bool is_notable = false;
    std::uint32_t kind = 0;
    SampleWeight weight{};
  };

  FlightShard(const Options& options, Random random);

  /// A request begins. Returns the number of requests that it stands for, whatever becomes of it,
  /// if it is chosen. If not, returns the negative of the number that it would have stood for.
  double begin(BootTime now) noexcept {
    if (chosen_.is_over(now)) begin_slice(now);
    const double weight = chosen_.weight();
    if (chosen_.offer() <= 0) return -weight;
    chosen_.kept(usual_size_);  // its memory is paid for now: its end may be in another slice
    return weight;
  }

  /// A request that was chosen has a body that could be read. Returns the number of chosen ones
  /// that it stands for; 0: it is not read.
  double offer_body(BootTime now) noexcept;

  std::chrono::nanoseconds slow_after() const noexcept { return options_.slow_after; }

  /// Is it to be kept? `chosen`: as begin() returned it.
  Choice end(const Ended& ended, double chosen) noexcept;

  /// Keeps a sample that end() chose.
  void keep(const Choice& choice, const Record& record) noexcept;

 private:
  friend class FlightRecorder;

  /// A class is a factor of four, of milliseconds or of KiB; in the lowest, nobody picks.
  static constexpr std::size_t kClasses = 8;
  using Classes = std::array<ThinningSampler, kClasses>;
  class Picks;

  static Classes make_classes(Random& random);
  void begin_slice(BootTime now) noexcept;
  std::size_t slice_bytes(const SampleLog& log, std::size_t samples) const noexcept;

  const Options options_;
  SampleLog ordinary_log_;
  SampleLog notable_log_;
  ThinningSampler chosen_;
  ThinningSampler notable_;
  ThinningSampler bodies_;
  Classes by_latency_;
  Classes by_size_;
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
