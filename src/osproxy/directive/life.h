// Decides when each directive ends, so that nothing makes it live longer.
//
// A published end becomes a `Life` when the directive, that is its id and content together, is
// first seen. The ledger remembers it for as long as the directive stays in the document, so that a
// re-read, a reconnect or an edit of another directive finds the same life again. A life ends by
// the wall clock or by the boot clock, whichever comes first: setting the wall clock back cannot
// extend it.
//
// Thread safety: not thread-safe; a ledger belongs to the one thread that applies documents.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/model.h"
#include "osproxy/directive/thinning.h"

namespace osproxy {

/// The end of a directive on both clocks. A regular value.
struct Life {
  WallTime wall_end;
  BootTime boot_end;

  bool is_over(Now now) const noexcept { return now.wall >= wall_end || now.boot >= boot_end; }

  /// The wall time at the end, if nobody sets the clock: the time to show to people.
  WallTime end_as_seen(Now now) const noexcept;

  friend bool operator==(const Life&, const Life&) = default;
};

/// A directive's counters on this instance. They only grow, and any thread may add.
/// All accesses are relaxed: they are statistics, and `max_records` needs only the atomic add.
struct DirectiveUsage {
  std::atomic<std::uint64_t> matched{0};
  std::atomic<std::uint64_t> recorded{0};
  std::atomic<std::uint64_t> refused{0};  ///< left out: over a budget
  /// Recorded under `max_records`, although nobody vouches for them (record_budget.h).
  std::atomic<std::uint64_t> not_vouched_for{0};
  TokenBucket budget;  ///< of records; next to their count, which changes as often
  Thinning thinning;
};

/// Returns the life that ends at `wall_end`: at `now`, its end is equally far on both clocks.
Life life_until(WallTime wall_end, Now now) noexcept;

/// Returns, for each clock, the earlier end of the two.
Life earlier_ends(const Life& a, const Life& b) noexcept;

class LifeLedger {
 public:
  struct Entry {
    Life life;
    std::shared_ptr<DirectiveUsage> usage;  ///< never null; survives a re-read, like the life
  };

  /// No life is longer than `max_life` from its first sight.
  explicit LifeLedger(std::chrono::seconds max_life = std::chrono::hours{24});

  /// Returns the entry of each directive of `document`, in its order. A directive seen before keeps
  /// its entry. A directive that is no longer in `document` is forgotten, and starts anew if it
  /// comes back.
  std::vector<Entry> apply(const Document& document, Now now);

  /// Bounds a directive's life by the end that an earlier run of this process knew: from the next
  /// apply() on it ends no later, on either clock. An apply() without the directive forgets it.
  void bound(const Directive& directive, const Life& life);

  /// Sets the end that the fleet has agreed on: it is the directive's from the next apply() on, and
  /// may be earlier or later than the end that this process computed. Forgotten as a bound is.
  void agree(const Directive& directive, const Life& life);

  /// Returns the remembered end of this directive; nullopt if it is not known yet.
  std::optional<Life> remembered(const Directive& directive) const;

 private:
  Entry entry_of(const std::string& key, const Directive& directive, Now now) const;
  Life first_seen(const Directive& directive, Now now) const;

  const std::chrono::seconds max_life_;
  // Both keys are encode_directive(), which contains the id.
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, Life> bounds_;
};

/// Returns `document` with every `ttl_secs` replaced by the `expires_at` that it means at `now`. A
/// publisher writes this to a shared store, so that the whole fleet agrees on the end.
Document with_absolute_ends(Document document, WallTime now);

}  // namespace osproxy
