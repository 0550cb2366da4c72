// Passes the changes of a store from its thread to the command that prints them.
//
//   ChangeQueue changes;
//   changes.push({.status = status, .set = set, .at = clock.now()});  // on the store's thread
//   while (const auto change = changes.pop(stop)) print(*change);
//
// While nobody reads the output, changes wait, each with its set; beyond kMaxPending the oldest is
// left out, since the newest matter, and the next one says how many are missing.
//
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "osproxy/core/clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/store/directive_store.h"

namespace osproxy::cli {

struct StoreChange {
  StoreStatus status;
  DirectiveSet::Pointer set;
  Now at;
  std::uint64_t left_out = 0;  ///< older changes that are missing before this one
};

class ChangeQueue {
 public:
  /// A set of the largest document takes some megabytes.
  static constexpr std::size_t kMaxPending = 16;

  void push(StoreChange change) {
    {
      const std::lock_guard lock(mutex_);
      changes_.push_back(std::move(change));
      if (changes_.size() > kMaxPending) {
        const std::uint64_t missing = changes_.front().left_out + 1;
        changes_.pop_front();
        changes_.front().left_out += missing;
      }
    }
    filled_.notify_one();
  }

  /// Waits until the store is synced, for at most `patience`, and drops all earlier changes.
  void settle(std::chrono::nanoseconds patience, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    filled_.wait_for(lock, stop, patience, [this] {
      return !changes_.empty() && changes_.back().status.state == StoreState::Synced;
    });
    while (changes_.size() > 1) changes_.pop_front();
    if (!changes_.empty()) changes_.front().left_out = 0;
  }

  /// Waits for the next change; nullopt when `stop` is requested.
  std::optional<StoreChange> pop(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!filled_.wait(lock, stop, [this] { return !changes_.empty(); })) return std::nullopt;
    StoreChange change = std::move(changes_.front());
    changes_.pop_front();
    return change;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any filled_;
  std::deque<StoreChange> changes_;  // guarded by mutex_
};

}  // namespace osproxy::cli
