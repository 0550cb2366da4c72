// When each directive ends, and that nothing makes it live longer.
//
// A published end becomes a `Life` at the first sight of the directive, that is, of its id and
// content together. The ledger remembers it for as long as the directive stays in the document, so
// that a re-read, a reconnect or an edit of another directive finds the same life again. A life
// ends by the wall clock or by the boot clock, whichever is first: setting the wall clock back
// cannot extend it.
//
// Not thread-safe: a ledger belongs to the one thread that applies documents.
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
#include "osproxy/directive/trip.h"

namespace osproxy {

/// The end of a directive on both clocks. A regular value.
struct Life {
  WallTime wall_end;
  BootTime boot_end;

  bool is_over(Now now) const noexcept { return now.wall >= wall_end || now.boot >= boot_end; }

  /// Where the wall clock will stand at the end, if nobody sets it: the time to show to people.
  WallTime end_as_seen(Now now) const noexcept;

  friend bool operator==(const Life&, const Life&) = default;
};

/// What one directive has done on this instance. Counters only grow; any thread may add.
/// Relaxed everywhere: they are statistics, and `max_records` needs only the atomic add itself.
struct DirectiveUsage {
  std::atomic<std::uint64_t> matched{0};
  std::atomic<std::uint64_t> recorded{0};
  std::atomic<std::uint64_t> refused{0};  ///< not recorded, being over a budget
  TokenBucket budget;                     ///< of records; beside their count, which is as busy
  TripSwitch trip;
};

/// The life that ends at `wall_end`, seen from `now`: on the boot clock as far away as on the
/// wall's.
Life life_until(WallTime wall_end, Now now) noexcept;

/// On each clock the earlier end of the two.
Life earlier_ends(const Life& a, const Life& b) noexcept;

class LifeLedger {
 public:
  struct Entry {
    Life life;
    std::shared_ptr<DirectiveUsage> usage;  ///< never null; survives a re-read, like the life
  };

  /// No life is longer than `max_life` from its first sight.
  explicit LifeLedger(std::chrono::seconds max_life = std::chrono::hours{24});

  /// The entry of each directive of `document`, in its order. Directives seen before keep theirs;
  /// those no longer in `document` are forgotten, and start anew if they come back.
  std::vector<Entry> apply(const Document& document, Now now);

  /// What an earlier run of this process knew of a directive's end. From the next apply() on its
  /// life ends no later, on either clock. Forgotten with the directive, and by an apply() without
  /// it.
  void bound(const Directive& directive, const Life& life);

  /// The end that the fleet has agreed on: from the next apply() on it is the directive's, be it
  /// earlier or later than by the count of this process. Forgotten as a bound is.
  void agree(const Directive& directive, const Life& life);

  /// The end of this directive that is remembered; nullopt if its next sight is the first.
  std::optional<Life> remembered(const Directive& directive) const;

 private:
  Entry entry_of(const std::string& key, const Directive& directive, Now now) const;
  Life first_seen(const Directive& directive, Now now) const;

  const std::chrono::seconds max_life_;
  // Both by encode_directive(), which has the id.
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, Life> bounds_;
};

/// `document` with every `ttl_secs` turned into the `expires_at` it means at `now`: what a
/// publisher writes to a shared store, so that the whole fleet agrees on the end.
Document with_absolute_ends(Document document, WallTime now);

}  // namespace osproxy
