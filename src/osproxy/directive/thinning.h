// How a directive that asks for more records than its budget is thinned out, and the notice of it.
//
//   if (auto notice = usage.thinning.notice()) show(describe(*notice), notice->since);
//
// A directive beyond its budget records as much as the budget pays for, and leaves out the rest.
// It goes on by itself once less is asked for. docs/adr/0029-thinned-out-not-tripped.md gives the
// reason.
//
// Thread safety: every member may be called from any thread. Requests call cap() only, which is one
// load; the notice is for people and has a mutex.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "osproxy/core/clock.h"

namespace osproxy {

/// A regular value.
struct ThinningNotice {
  WallTime since{};
  std::uint64_t rate = 0;    ///< records a second that were asked for of the directive
  std::uint64_t budget = 0;  ///< of the directive; of the instance if `instance_rate` is there
  std::uint64_t instance_rate = 0;  ///< asked for of all directives a second; 0: not the reason

  friend bool operator==(const ThinningNotice&, const ThinningNotice&) = default;
};

/// "over budget: 412 records/s, budget 200".
std::string describe(const ThinningNotice& notice);

class Thinning {
 public:
  /// The directive makes no record at all: others have their turn of the instance's budget.
  static constexpr std::uint32_t kClosed = 0xffff'ffff;

  /// The records a second that the instance's budget leaves to the directive; 0: no limit by it.
  std::uint32_t cap() const noexcept { return cap_.load(std::memory_order_relaxed); }
  void set_cap(std::uint32_t per_second) noexcept {
    cap_.store(per_second, std::memory_order_relaxed);
  }

  /// Nullopt: the directive has left nothing out lately.
  std::optional<ThinningNotice> notice() const {
    const std::lock_guard lock(mutex_);
    return notice_;
  }
  void set_notice(const std::optional<ThinningNotice>& notice) {
    const std::lock_guard lock(mutex_);
    notice_ = notice;
  }

 private:
  std::atomic<std::uint32_t> cap_{0};  // relaxed: it orders nothing else

  mutable std::mutex mutex_;
  std::optional<ThinningNotice> notice_;  // guarded by mutex_
};

}  // namespace osproxy
