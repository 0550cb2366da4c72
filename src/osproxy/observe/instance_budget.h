// Limits the records that an instance makes per second. If all directives together exceed the
// limit, it trips the directives with the most records.
//
//   InstanceBudget budget({.per_second = 1'000, .burst = 10'000}, clock.now());
//   budget.check(set, observer.totals().recorded, clock.now());  // about once a second
//
// The check runs on its own thread and reads counters that exist anyway. A token bucket that each
// record takes from would be a counter shared by all workers.
//
// Not thread-safe: belongs to the thread that calls check().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy {

class InstanceBudget {
 public:
  InstanceBudget(const TokenRate& rate, Now start) : rate_(rate), last_check_(start.boot) {}

  /// `recorded` is the number of records since the start. If the records since the last check
  /// exceed the bucket, trips directives of `set`, those with the most records first, until the
  /// rest is within the rate. Returns the number of directives tripped.
  std::size_t check(const DirectiveSet& set, std::uint64_t recorded, Now now);

 private:
  struct Cost {
    DirectiveUsage* usage;
    std::uint64_t records;
  };

  std::vector<Cost> costs_since_last(const DirectiveSet& set);

  const TokenRate rate_;
  TokenBucket bucket_;
  BootTime last_check_;
  std::uint64_t last_recorded_ = 0;
  // The records of each directive at the last check; only directives that recorded anything.
  std::unordered_map<std::shared_ptr<DirectiveUsage>, std::uint64_t> last_usage_;
};

}  // namespace osproxy
