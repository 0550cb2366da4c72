// The directive set: a document compiled for matching. Immutable, shared by all readers.
//
//   LifeLedger ledger;
//   auto set = DirectiveSet::compile(*decode_document(bytes), ledger, clock.now());
//
//   if (!set->empty()) {    // one branch when no directive is on
//     const Now started = clock.now();
//     Verdict verdict = set->match(attributes, started, request_id);
//     …                     // the request is served
//     if (verdict.needs_conclusion()) {
//       verdict = set->conclude(attributes, started, request_id, outcome);
//     }
//   }
//
// match() runs once for each request, at its start, and allocates nothing. Its cost does not grow
// with the number of directives that target other tenants, indices, principals or endpoints.
// docs/design/matching.md gives the argument; naive_matcher.h is the twin that tests compare it
// with.
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

#include "osproxy/core/cidr.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/token_bucket.h"
#include "osproxy/directive/life.h"
#include "osproxy/directive/model.h"

namespace osproxy {

/// A request's attributes, known when it is matched. Views: they live as long as the request's
/// head. An empty view means that the request has no such attribute.
struct Attributes {
  std::string_view tenant{};
  std::string_view
      index{};  ///< the index expression of the path, percent-decoded: "logs-*,-logs-1"
  std::string_view principal{};
  Endpoint endpoint = Endpoint::Unknown;
  bool body_may_name_index = false;  ///< as that of a bulk; see DirectiveSet::add_awaited()
  bool principal_verified = false;   ///< by a certificate or a known token, not only claimed

  // The client's identity: names that a client gives itself, but for its address.
  std::string_view client{};     ///< its address without a port: "10.1.2.3", "2001:db8::1"
  std::string_view agent{};      ///< the product of its User-Agent: "opensearch-py/2.4"
  std::string_view opaque_id{};  ///< its own X-Opaque-Id
  IpAddress client_address{};    ///< `client` in binary; it counts only if `client` is not empty
};

/// A request's outcome, known when it is over.
struct Outcome {
  std::chrono::nanoseconds latency;
  int status;             ///< as sent to the client; 0 if nothing was sent
  bool from_node = true;  ///< a node's response; false: osproxy refused it, or there is none
  std::optional<std::uint64_t> shape{};         ///< the hash of the body's shape, if it is known
  std::optional<std::uint64_t> failed_items{};  ///< of a bulk and the like, if they are known
};

/// The detail that a request was inspected for, as match() decided at its start.
struct Readiness {
  Level level = Level::ShapeRewriteDiff;
  bool capture = true;
};

/// A directive with everything resolved.
struct CompiledDirective {
  Directive directive;
  Life life;
  std::shared_ptr<DirectiveUsage> usage;  ///< never null
};

/// The decision of the set about one request. A small regular value.
struct Verdict {
  /// A record names at most so many directives; all of them count towards level and outputs.
  static constexpr std::size_t kMaxNamed = 8;

  Level level = Level::Off;
  bool ring_buffer = false;
  bool capture = false;
  /// True if a directive that applies has a predicate on the outcome: call conclude().
  bool undecided = false;
  /// True if a directive that applies has a `shape`: the body is read for its hash.
  bool reads_shape = false;
  /// True if a directive with an `index` may apply by an index that the body names.
  bool awaits_body = false;
  /// Directives that are over their budget. match() counts those that apply; conclude() counts
  /// those that would have recorded the request.
  std::uint32_t refused_count = 0;
  std::uint32_t matched_count = 0;
  /// The first min(matched_count, kMaxNamed) matched directives, in the order of the document.
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

  /// Compiles `document`. `ledger` gives each directive its life and usage; `now` is when new ones
  /// are first seen.
  static Pointer compile(Document document, LifeLedger& ledger, Now now);

  /// Returns the set without directives. Never null.
  static Pointer empty_set();

  ~DirectiveSet();
  DirectiveSet(const DirectiveSet&) = delete;
  DirectiveSet& operator=(const DirectiveSet&) = delete;

  /// True if no directive can match anything.
  bool empty() const noexcept { return directives_.empty(); }

  /// The highest level of any verdict.
  Level highest_level() const noexcept { return highest_level_; }

  /// Gives the verdict at the start of a request, as if every predicate on the outcome came true. A
  /// directive applies if it is not over at `now`, each of its targets equals the request's
  /// attribute, the request is in its sample, fnv1a_64(request_id) % 1000 < sample_per_mille, and
  /// its `max_records` are not spent. Counts each that applies as matched. One whose bucket of
  /// `budget`, the budget of each directive, is empty has no other effect, so that a request beyond
  /// it costs no inspection.
  Verdict match(const Attributes& attributes, Now now, std::string_view request_id,
                const TokenRate& budget = {}) const noexcept {
    return empty() ? Verdict{} : match_some(attributes, now, request_id, budget);
  }

  /// Gives the verdict at the end of a request: match() at the same `started`, with the predicates
  /// on `outcome` and `max_records` applied too. Counts the directives that remain as
  /// recorded. One that has no token left, or asks for more than `ready`, leaves the request out.
  /// Call it exactly once for each request whose verdict needs_conclusion().
  Verdict conclude(const Attributes& attributes, Now started, std::string_view request_id,
                   const Outcome& outcome, const TokenRate& budget = {},
                   Readiness ready = {}) const noexcept;

  /// Raises the level and the outputs of `verdict` to those of the directives that apply if the
  /// body names their `index`. Call it after match(), if the body may name one. At the end,
  /// conclude with an expression of all indices, after count_awaited().
  void add_awaited(const Attributes& attributes, Now now, std::string_view request_id,
                   Verdict& verdict) const noexcept;

  /// Counts the directives as matched that apply by `attributes`, and do not by the index of
  /// `at_start`.
  void count_awaited(const Attributes& attributes, const Attributes& at_start, Now started,
                     std::string_view request_id) const noexcept;

  /// In the order of the document; Verdict::matched are indices into it.
  std::span<const CompiledDirective> directives() const noexcept { return directives_; }

  /// Returns a document that compiles to this set, with `ttl_secs` resolved to `expires_at`.
  Document document() const;

  /// Returns the first instant after `now.wall`, by the wall clock, at which a directive of the set
  /// ends; nullopt if none is active.
  std::optional<WallTime> next_end(Now now) const noexcept;

 private:
  class Index;

  explicit DirectiveSet(std::vector<CompiledDirective> directives);

  template <class Visitor>
  void visit_applying(const Attributes& attributes, Now now, std::string_view request_id,
                      Visitor&& visitor) const noexcept;
  Verdict match_some(const Attributes& attributes, Now now, std::string_view request_id,
                     const TokenRate& budget) const noexcept;

  const std::vector<CompiledDirective> directives_;
  const std::unique_ptr<const Index> index_;  // refers to directives_
  const Life last_;                           // the latest end on each clock
  const Level highest_level_;
  const bool has_shape_;  // a directive has a `shape`
};

}  // namespace osproxy
