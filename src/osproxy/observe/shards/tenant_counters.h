// Requests counted by tenant, for a bounded number of names.
//
//   TenantNames names(20);               // one for all workers
//   TenantCounters counters(names);      // one for each worker
//   counters.count(sample);              // on the worker
//   counters.add_to(totals);             // on any thread
//
// Problem: tenants are names that a client may choose, and each name is a time series for ever.
//
// Rule: a name gets a place when a node accepts a request of it (2xx or 3xx), as long as there are
// places, and keeps it until the process ends. All else is counted as `other`. A flood of refused
// requests therefore takes no place. A client that may send requests for any tenant can take them
// all; the number of series stays the same.
//
// The worker looks a name up in its own map. Only when a name is new to the instance does it
// take the mutex of the names: at most twice for each place.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/single_writer_counter.h"
#include "osproxy/observe/recorder.h"
#include "osproxy/observe/totals.h"

namespace osproxy {

/// The names that have a place. Thread safety: any thread may call any member.
class TenantNames {
 public:
  explicit TenantNames(std::size_t max) : max_(max) {}
  TenantNames(const TenantNames&) = delete;
  TenantNames& operator=(const TenantNames&) = delete;

  std::size_t max() const noexcept { return max_; }

  /// How many names there are; they only grow.
  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }

  /// Gives a name a place, unless it has one or there is none left.
  void add(std::string_view name);

  /// The names from place `first` on.
  std::vector<std::string> from(std::size_t first) const;

 private:
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::vector<std::string> names_;    // guarded by mutex_
  std::atomic<std::size_t> size_{0};  // released after the name is there
};

/// Belongs to its worker's thread, but for add_to().
class TenantCounters {
 public:
  /// `names` must outlive the counters.
  explicit TenantCounters(TenantNames& names);

  void count(const RequestSample& sample) noexcept;

  /// From any thread. Adds to the totals at each name's place; the last one is `other`.
  void add_to(std::vector<TenantTotals>& totals) const noexcept;

 private:
  struct alignas(64) Counters {
    SingleWriterCounter requests;
    SingleWriterCounter errors;
    SingleWriterCounter nanoseconds;
    SingleWriterCounter request_bytes;
    SingleWriterCounter response_bytes;
  };

  std::size_t place_of(const RequestSample& sample);
  void learn();

  TenantNames& names_;
  std::map<std::string, std::size_t, std::less<>> places_;  // no hash: clients choose the names
  std::vector<Counters> counters_;  // one for each place, and one for all others
};

}  // namespace osproxy
