// The directive set: a document compiled for matching. Immutable, shared by all readers.
//
//   LifeLedger ledger;
//   auto set = DirectiveSet::compile(*decode_document(bytes), ledger, clock.now());
//
//   if (!set->empty()) {                                          // one branch when nothing is on
//     Verdict verdict = set->match(attributes, clock.now(), request_id);
//     …                                                           // the request is served
//     if (verdict.selected()) verdict = set->conclude(…, outcome);
//   }
//
// match() is called once per request, at its start, and allocates nothing. Its cost does not grow
// with the number of directives that target other tenants, indices, principals or endpoints:
// docs/design/matching.md has the argument, naive_matcher.h the twin that tests compare it with.
//
// Thread safety: all const members may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/life.h"
#include "osproxy/directive/model.h"

namespace osproxy {

/// What is known of a request when it is matched. Views: they live as long as the request's head.
/// An empty view means that the request has no such attribute.
struct Attributes {
  std::string_view tenant{};
  std::string_view
      index{};  ///< the index expression of the path, percent-decoded: "logs-*,-logs-1"
  std::string_view principal{};
  Endpoint endpoint = Endpoint::Unknown;
};

/// What is known of a request when it is over.
struct Outcome {
  std::chrono::nanoseconds latency;
  int status;  ///< as sent to the client; 0 if the client was sent none
};

/// A directive with everything resolved.
struct CompiledDirective {
  Directive directive;
  Life life;
  std::shared_ptr<DirectiveUsage> usage;  ///< never null
};

/// What the set says of one request. A small regular value.
struct Verdict {
  /// Ids of that many directives are named in a record; all count towards level and outputs.
  static constexpr std::size_t kMaxNamed = 8;

  Level level = Level::Off;
  bool ring_buffer = false;
  bool capture = false;
  /// Some directive that applies has a predicate on the outcome: call conclude().
  bool undecided = false;
  /// Directives that are tripped, or over their budget just now. From match(): those that apply;
  /// call conclude(), which tells how many of them would have recorded the request.
  std::uint32_t refused_count = 0;
  std::uint32_t matched_count = 0;
  /// The first min(matched_count, kMaxNamed) of them, in the order of the document.
  std::uint32_t matched[kMaxNamed] = {};

  bool selected() const noexcept { return level != Level::Off; }
  bool needs_conclusion() const noexcept { return selected() || refused_count > 0; }
  std::span<const std::uint32_t> named() const noexcept {
    return {matched, matched_count < kMaxNamed ? matched_count : kMaxNamed};
  }

  friend bool operator==(const Verdict&, const Verdict&) = default;
};

class DirectiveSet {
 public:
  using Pointer = std::shared_ptr<const DirectiveSet>;

  /// `ledger` gives each directive its life and usage; `now` is the time of first sight for the
  /// new ones.
  static Pointer compile(Document document, LifeLedger& ledger, Now now);

  /// The set with no directives. Never null.
  static Pointer empty_set();

  ~DirectiveSet();
  DirectiveSet(const DirectiveSet&) = delete;
  DirectiveSet& operator=(const DirectiveSet&) = delete;

  /// True if no directive can match anything.
  bool empty() const noexcept { return directives_.empty(); }

  /// No verdict has a higher one.
  Level highest_level() const noexcept { return highest_level_; }

  /// The verdict at the start of a request: what would be recorded if every predicate on the
  /// outcome came true. A directive applies if it is not over at `now`, each present target
  /// equals the request's attribute, and the request is in its sample:
  /// fnv1a_64(request_id) % 1000 < sample_per_mille.
  /// Directives whose `max_records` are spent apply no more. Counts those that apply as matched;
  /// those of them that are tripped do nothing else.
  Verdict match(const Attributes& attributes, Now now, std::string_view request_id) const noexcept {
    return empty() ? Verdict{} : match_some(attributes, now, request_id);
  }

  /// The verdict at the end: match() at the same `started`, with `min_latency_ms` and `status`
  /// judged too. Takes `max_records` into account and counts the directives that remain as
  /// recorded; call it exactly once for each request whose verdict needs_conclusion().
  /// `budget`: of each directive; one that asks for more is tripped.
  Verdict conclude(const Attributes& attributes, Now started, std::string_view request_id,
                   const Outcome& outcome, const TokenRate& budget = {}) const noexcept;

  /// In the order of the document; Verdict::matched are indices into it.
  std::span<const CompiledDirective> directives() const noexcept { return directives_; }

  /// The document that decodes and compiles to this set: `ttl_secs` resolved to `expires_at`.
  Document document() const;

  /// The first instant after `now.wall` (as the wall clock counts) at which a directive of the set
  /// ends; nullopt if none is active.
  std::optional<WallTime> next_end(Now now) const noexcept;

 private:
  class Index;

  explicit DirectiveSet(std::vector<CompiledDirective> directives);

  template <class Visitor>
  void visit_applying(const Attributes& attributes, Now now, std::string_view request_id,
                      Visitor&& visitor) const noexcept;
  Verdict match_some(const Attributes& attributes, Now now,
                     std::string_view request_id) const noexcept;

  const std::vector<CompiledDirective> directives_;
  const std::unique_ptr<const Index> index_;  // refers to directives_
  const Life last_;                           // the latest end on each clock
  const Level highest_level_;
};

}  // namespace osproxy
