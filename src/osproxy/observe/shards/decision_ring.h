// Remembers the newest requests of one worker, recorded or not, with the directive sets that they
// were matched by.
//
//   DecisionRing ring(1'000);
//   const std::uint32_t number = ring.in_force(set);  // when a request is matched
//   ring.put({.request_id = id, .set_number = number, .verdict = verdict});  // when it ends
//   std::vector<RememberedRequest> found;
//   ring.find(id, 8, found);  // on any thread
//
// A request takes a slot of 320 bytes: its whole id, and its other names as far as they fit. put()
// copies into a slot and allocates nothing. Only the newest kMaxSets sets are kept alive. The
// memory of unused slots is never touched, so that an idle proxy does not pay for them.
//
// Thread safety: in_force() and put() on the worker's thread; find() on any. The mutex is contended
// only by find(), which holds it for a few slots at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "osproxy/observe/matched_request.h"

namespace osproxy {

class DecisionRing {
 public:
  /// Enough that requests before the last edits can still be explained exactly.
  static constexpr std::uint32_t kMaxSets = 4;

  explicit DecisionRing(std::size_t slots);
  ~DecisionRing();
  DecisionRing(const DecisionRing&) = delete;
  DecisionRing& operator=(const DecisionRing&) = delete;

  /// The number of `set`, from 1; 0 if the ring has no slots.
  std::uint32_t in_force(const DirectiveSet::Pointer& set) noexcept;

  void put(const MatchedRequest& request) noexcept;

  /// Appends the remembered requests with that id to `out`, newest first: at most `max_of_a_kind`
  /// that somebody vouches for (is_vouched_for()), and as many others.
  void find(std::string_view request_id, std::size_t max_of_a_kind,
            std::vector<RememberedRequest>& out) const;

 private:
  struct Slot;

  RememberedRequest read(const Slot& slot) const;

  // Constant after construction.
  const std::size_t size_;
  const std::unique_ptr<Slot[]> slots_;  // the elements guarded by mutex_

  // Owned by the worker.
  const DirectiveSet* current_ = nullptr;  // kept alive by sets_

  mutable std::mutex mutex_;
  std::uint64_t end_ = 0;         // guarded by mutex_: the number of requests ever put
  std::uint32_t newest_set_ = 0;  // guarded by mutex_; written by the worker only
  std::array<DirectiveSet::Pointer, kMaxSets> sets_{};  // guarded by mutex_, by number % kMaxSets
};

}  // namespace osproxy
