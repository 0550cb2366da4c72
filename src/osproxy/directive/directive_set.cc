#include "osproxy/directive/directive_set.h"

#include <algorithm>
#include <utility>

#include "osproxy/core/hash.h"
#include "osproxy/directive/record_budget.h"
#include "osproxy/directive/target_index.h"

namespace osproxy {
namespace {

using std::chrono::milliseconds;

/// Decides whether a request is in a directive's sample; hashes the request id at most once, and
/// only when a directive samples at all.
class Sampler {
 public:
  explicit Sampler(std::string_view request_id) noexcept : request_id_(request_id) {}

  bool takes(int per_mille) noexcept {
    if (per_mille >= 1000) return true;
    if (draw_ < 0) draw_ = static_cast<int>(fnv1a_64(request_id_) % 1000);
    return draw_ < per_mille;
  }

 private:
  const std::string_view request_id_;
  int draw_ = -1;  // not drawn yet
};

bool is_fulfilled(const Directive& directive, const Outcome& outcome) noexcept {
  // Whole milliseconds, rounded down: the bound in nanoseconds could overflow.
  return (!directive.min_latency ||
          std::chrono::floor<milliseconds>(outcome.latency) >= *directive.min_latency) &&
         (!directive.status || directive.status->matches(outcome.status)) &&
         (!directive.shape || directive.shape == outcome.shape) &&
         (!directive.min_failed_items || outcome.failed_items >= directive.min_failed_items);
}

bool depends_on_outcome(const Directive& directive) noexcept {
  return directive.min_latency || directive.status || directive.shape || directive.min_failed_items;
}

/// Keeps the smallest kMaxNamed places, sorted: directives come in no particular order.
void name_directive(Verdict& verdict, std::uint32_t place) noexcept {
  std::size_t at = verdict.named().size();
  ++verdict.matched_count;
  if (at == Verdict::kMaxNamed) {
    if (verdict.matched[at - 1] < place) return;
    --at;
  }
  for (; at > 0 && verdict.matched[at - 1] > place; --at) {
    verdict.matched[at] = verdict.matched[at - 1];
  }
  verdict.matched[at] = place;
}

/// A directive that is off asks for no output, whatever another one records of the request.
void add(Verdict& verdict, std::uint32_t place, const Directive& directive) noexcept {
  const bool is_on = directive.level != Level::Off;
  verdict.level = std::max(verdict.level, directive.level);
  verdict.ring_buffer = verdict.ring_buffer || (is_on && directive.ring_buffer);
  verdict.capture = verdict.capture || (is_on && directive.capture);
  verdict.undecided = verdict.undecided || depends_on_outcome(directive);
  verdict.reads_shape = verdict.reads_shape || directive.shape;
  name_directive(verdict, place);
}

Life latest_ends(std::span<const CompiledDirective> directives) noexcept {
  Life last{.wall_end = WallTime::min(), .boot_end = BootTime::min()};
  for (const CompiledDirective& compiled : directives) {
    last.wall_end = std::max(last.wall_end, compiled.life.wall_end);
    last.boot_end = std::max(last.boot_end, compiled.life.boot_end);
  }
  return last;
}

Level highest_of(std::span<const CompiledDirective> directives) noexcept {
  Level highest = Level::Off;
  for (const CompiledDirective& one : directives) highest = std::max(highest, one.directive.level);
  return highest;
}

bool any_has_shape(std::span<const CompiledDirective> directives) noexcept {
  return std::ranges::any_of(
      directives, [](const CompiledDirective& one) { return one.directive.shape.has_value(); });
}

}  // namespace

DirectiveSet::DirectiveSet(std::vector<CompiledDirective> directives)
    : directives_(std::move(directives)),
      index_(std::make_unique<Index>(directives_)),
      last_(latest_ends(directives_)),
      highest_level_(highest_of(directives_)),
      has_shape_(any_has_shape(directives_)) {}

DirectiveSet::~DirectiveSet() = default;

DirectiveSet::Pointer DirectiveSet::compile(Document document, LifeLedger& ledger, Now now) {
  std::vector<LifeLedger::Entry> entries = ledger.apply(document, now);
  if (entries.empty()) return empty_set();
  std::vector<CompiledDirective> compiled;
  compiled.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    compiled.push_back({.directive = std::move(document.directives[i]),
                        .life = entries[i].life,
                        .usage = std::move(entries[i].usage)});
  }
  return Pointer(new DirectiveSet(std::move(compiled)));
}

DirectiveSet::Pointer DirectiveSet::empty_set() {
  static const Pointer empty(new DirectiveSet({}));
  return empty;
}

template <class Visitor>
void DirectiveSet::visit_applying(const Attributes& attributes, Now now,
                                  std::string_view request_id, Visitor&& visitor) const noexcept {
  if (last_.is_over(now)) return;
  Sampler sampler(request_id);
  index_->visit(attributes, [&](std::uint32_t place) {
    const CompiledDirective& compiled = directives_[place];
    if (!compiled.life.is_over(now) && sampler.takes(compiled.directive.sample_per_mille) &&
        has_records_left(compiled, /*vouched_for=*/true)) {
      visitor(place, compiled);
    }
  });
}

Verdict DirectiveSet::match_some(const Attributes& attributes, Now now, std::string_view request_id,
                                 const TokenRate& budget) const noexcept {
  Verdict verdict;
  visit_applying(
      attributes, now, request_id, [&](std::uint32_t place, const CompiledDirective& compiled) {
        compiled.usage->matched.fetch_add(1, std::memory_order_relaxed);
        if (compiled.directive.level != Level::Off && !has_token(compiled, budget, now.boot)) {
          ++verdict.refused_count;
        } else {
          add(verdict, place, compiled.directive);
        }
      });
  return verdict;
}

Verdict DirectiveSet::conclude(const Attributes& attributes, Now started,
                               std::string_view request_id, const Outcome& outcome,
                               const TokenRate& budget, Readiness ready) const noexcept {
  Verdict verdict;
  const bool vouched_for = is_vouched_for(attributes, outcome);
  const BootTime ended = started.boot + outcome.latency;
  const auto is_paid_for = [&](const CompiledDirective& compiled) {
    const Directive& directive = compiled.directive;
    return directive.level == Level::Off ||
           (directive.level <= ready.level && (ready.capture || !directive.capture) &&
            take_token(compiled, budget, ended, vouched_for));
  };
  visit_applying(attributes, started, request_id,
                 [&](std::uint32_t place, const CompiledDirective& compiled) {
                   if (!is_fulfilled(compiled.directive, outcome) ||
                       !has_records_left(compiled, vouched_for)) {
                     return;
                   }
                   if (!is_paid_for(compiled)) {
                     compiled.usage->refused.fetch_add(1, std::memory_order_relaxed);
                     ++verdict.refused_count;
                   } else if (claim_record(compiled, vouched_for)) {
                     add(verdict, place, compiled.directive);
                   }
                 });
  verdict.undecided = verdict.reads_shape = false;
  return verdict;
}

void DirectiveSet::add_awaited(const Attributes& attributes, Now now, std::string_view request_id,
                               Verdict& verdict) const noexcept {
  if (empty() || last_.is_over(now)) return;
  Sampler sampler(request_id);
  const bool saw_all = index_->visit_named(attributes, [&](std::uint32_t place) {
    const CompiledDirective& compiled = directives_[place];
    const Directive& directive = compiled.directive;
    if (directive.level == Level::Off || compiled.life.is_over(now) ||
        !sampler.takes(directive.sample_per_mille) ||
        index_expression_covers(attributes.index, *directive.target.index)) {
      return;
    }
    verdict.awaits_body = true;
    verdict.level = std::max(verdict.level, directive.level);
    verdict.capture = verdict.capture || directive.capture;
    verdict.reads_shape = verdict.reads_shape || directive.shape;
  });
  if (saw_all) return;
  verdict.awaits_body = true;
  verdict.reads_shape = verdict.reads_shape || has_shape_;
  verdict.level = std::max(verdict.level, highest_level_);
}

void DirectiveSet::count_awaited(const Attributes& attributes, const Attributes& at_start,
                                 Now started, std::string_view request_id) const noexcept {
  visit_applying(attributes, started, request_id,
                 [&](std::uint32_t, const CompiledDirective& compiled) {
                   const auto& index = compiled.directive.target.index;
                   if (index && !index_expression_covers(at_start.index, *index)) {
                     compiled.usage->matched.fetch_add(1, std::memory_order_relaxed);
                   }
                 });
}

Document DirectiveSet::document() const {
  Document document;
  document.directives.reserve(directives_.size());
  for (const CompiledDirective& compiled : directives_) {
    document.directives.push_back(compiled.directive);
    document.directives.back().end = AbsoluteEnd{compiled.life.wall_end};
  }
  return document;
}

std::optional<WallTime> DirectiveSet::next_end(Now now) const noexcept {
  std::optional<WallTime> next;
  for (const CompiledDirective& compiled : directives_) {
    if (compiled.life.is_over(now)) continue;
    const WallTime end = compiled.life.end_as_seen(now);
    if (!next || end < *next) next = end;
  }
  return next;
}

}  // namespace osproxy
