// The newest requests of one worker, recorded or not, with the sets that they were judged by.
//
//   DecisionRing ring(1'000);
//   const std::uint32_t number = ring.in_force(set);      // as a request is matched
//   ring.put({.request_id = id, …, .set_number = number}); // as it ends
//   auto remembered = ring.find(id);                       // any thread
//
// A request takes a slot of 256 bytes: its id whole, its other names as far as there is room. put()
// copies into it and allocates nothing. Of sets, the newest kMaxSets are held, and no longer.
// Slots that were never used are never touched, so that an idle proxy does not pay for them.
//
// Thread safety: in_force() and put() on the worker's thread; find() on any. The mutex is the
// worker's alone, but for a find(), which holds it for a few slots at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "osproxy/observe/matched_request.h"

namespace osproxy {

class DecisionRing {
 public:
  /// Enough that an edit or two do not turn every response into a guess.
  static constexpr std::uint32_t kMaxSets = 4;

  explicit DecisionRing(std::size_t slots);
  ~DecisionRing();
  DecisionRing(const DecisionRing&) = delete;
  DecisionRing& operator=(const DecisionRing&) = delete;

  /// The number of `set`, from 1; 0 if the ring has no slots.
  std::uint32_t in_force(const DirectiveSet::Pointer& set) noexcept;

  void put(const MatchedRequest& request) noexcept;

  /// The newest request of that id that is still remembered.
  std::optional<RememberedRequest> find(std::string_view request_id) const;

 private:
  struct Slot;

  RememberedRequest read(const Slot& slot) const;

  // Constant after construction.
  const std::size_t size_;
  const std::unique_ptr<Slot[]> slots_;  // the elements guarded by mutex_

  // Owned by the worker.
  const DirectiveSet* current_ = nullptr;  // alive: it is in sets_

  mutable std::mutex mutex_;
  std::uint64_t end_ = 0;         // guarded by mutex_: how many were ever put
  std::uint32_t newest_set_ = 0;  // guarded by mutex_; written by the worker only
  std::array<DirectiveSet::Pointer, kMaxSets> sets_{};  // guarded by mutex_, by number % kMaxSets
};

}  // namespace osproxy
