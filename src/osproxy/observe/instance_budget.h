// Shares the records that an instance may make a second among its directives, and notices which
// directives are thinned out.
//
//   InstanceBudget budget({.instance = {.per_second = 1'000, .burst = 10'000}}, clock.now());
//   budget.check(set, observer.totals().by_directives, clock.now());  // about once a second
//
// If all directives together exceed the budget, each gets an equal share, and what one does not use
// goes to the others (max-min fairness): the busiest are thinned out, and quiet ones lose nothing.
// The caps end when the directives ask for no more than the budget.
//
// The check runs on its own thread and reads counters that exist anyway. A token bucket that each
// record takes from would be a counter shared by all workers.
//
// Not thread-safe: belongs to the thread that calls check().
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/directive_set.h"

namespace osproxy {

/// A regular value.
struct RecordRates {
  TokenRate instance{};   ///< of all directives together
  TokenRate directive{};  ///< of each; named in notices
};

class InstanceBudget {
 public:
  /// A notice stays until its directive has left nothing out for so long, so that a directive near
  /// its budget does not have acks written every second.
  static constexpr std::chrono::seconds kNoticeStays{60};

  InstanceBudget(const RecordRates& rates, Now start) : rates_(rates), last_check_(start.boot) {}

  /// `records` is the number of records by directives since the start; those that only a signed
  /// directive asked for do not count. Returns the number of directives with a new notice.
  std::size_t check(const DirectiveSet& set, std::uint64_t records, Now now);

 private:
  /// At the last check.
  struct Seen {
    std::uint64_t recorded = 0;
    std::uint64_t refused = 0;
    BootTime left_out{};  // when the directive last left something out
  };

  /// A second, since the last check.
  struct Demand {
    DirectiveUsage* usage;
    std::uint64_t rate;  // of records made and left out
    bool left_out;       // some were
  };

  std::vector<Demand> demands_since_last(const DirectiveSet& set, Now now, double seconds);
  void share(std::vector<Demand>& demands, std::uint64_t total);
  std::size_t notice(const std::vector<Demand>& demands, std::uint64_t total, Now now);
  void end_notices(BootTime now);

  const RecordRates rates_;
  TokenBucket bucket_;
  BootTime last_check_;
  std::uint64_t last_records_ = 0;
  bool is_capped_ = false;  // some directive has a cap
  std::uint64_t turn_ = 0;  // who comes first if there are more directives than records
  // Only directives that recorded or left out anything.
  std::unordered_map<std::shared_ptr<DirectiveUsage>, Seen> seen_;
};

}  // namespace osproxy
