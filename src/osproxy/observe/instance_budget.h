// The records that an instance may make a second, whatever directives ask for; the most expensive
// directive is tripped when they ask for more.
//
//   InstanceBudget budget({.per_second = 1'000, .burst = 10'000}, clock.now());
//   …about once a second…
//   budget.look(*store.load(), observer.totals().recorded, clock.now());
//
// It is judged from the counts that there are anyway, beside the traffic: a bucket that every
// record of every worker is taken from would be a counter that all of them share.
//
// Not thread-safe: belongs to the thread that looks.
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
  InstanceBudget(const TokenRate& rate, Now start) : rate_(rate), last_look_(start.boot) {}

  /// `recorded`: requests since the start. If there are more since the last look than the bucket
  /// holds, trips directives of `set`, those first that recorded most of them, until the rest is
  /// within the rate. Returns how many it tripped.
  std::size_t look(const DirectiveSet& set, std::uint64_t recorded, Now now);

 private:
  struct Cost {
    DirectiveUsage* usage;
    std::uint64_t records;
  };

  std::vector<Cost> costs_since_last(const DirectiveSet& set);

  const TokenRate rate_;
  TokenBucket bucket_;
  BootTime last_look_;
  std::uint64_t last_recorded_ = 0;
  // What each had recorded at the last look; those that recorded anything.
  std::unordered_map<std::shared_ptr<DirectiveUsage>, std::uint64_t> last_usage_;
};

}  // namespace osproxy
