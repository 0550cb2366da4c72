#include "osproxy/directive/life.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "osproxy/directive/encode.h"

namespace osproxy {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

/// No end is later than `expires_at` can express (parse_rfc3339_utc), so that every set can be
/// written as a document again.
constexpr WallTime kLatestEnd = std::chrono::sys_days{std::chrono::year{2200} / 12 / 31};

// Documents and clocks may have any time, so that no sum may overflow.
template <class Instant>
Instant saturating_add(Instant instant, nanoseconds by) noexcept {
  nanoseconds::rep sum = 0;
  if (__builtin_add_overflow(instant.time_since_epoch().count(), by.count(), &sum)) {
    return by.count() < 0 ? Instant::min() : Instant::max();
  }
  return Instant(nanoseconds{sum});
}

template <class Instant>
nanoseconds saturating_sub(Instant later, Instant earlier) noexcept {
  nanoseconds::rep difference = 0;
  if (__builtin_sub_overflow(later.time_since_epoch().count(), earlier.time_since_epoch().count(),
                             &difference)) {
    return later < earlier ? nanoseconds::min() : nanoseconds::max();
  }
  return nanoseconds{difference};
}

nanoseconds saturating_nanoseconds(seconds duration) noexcept {
  constexpr auto kMost = std::chrono::floor<seconds>(nanoseconds::max());
  return std::clamp(duration, -kMost, kMost);
}

WallTime end_after(WallTime start, seconds life) noexcept {
  return std::min(saturating_add(start, saturating_nanoseconds(life)), kLatestEnd);
}

}  // namespace

WallTime Life::end_as_seen(Now now) const noexcept {
  return std::min(wall_end, saturating_add(now.wall, saturating_sub(boot_end, now.boot)));
}

Life life_until(WallTime wall_end, Now now) noexcept {
  return {.wall_end = wall_end,
          .boot_end = saturating_add(now.boot, saturating_sub(wall_end, now.wall))};
}

Life earlier_ends(const Life& a, const Life& b) noexcept {
  return {.wall_end = std::min(a.wall_end, b.wall_end),
          .boot_end = std::min(a.boot_end, b.boot_end)};
}

LifeLedger::LifeLedger(seconds max_life) : max_life_(max_life) {}

Life LifeLedger::first_seen(const Directive& directive, Now now) const {
  const auto* relative = std::get_if<RelativeEnd>(&directive.end);
  const WallTime wanted =
      relative ? end_after(now.wall, *relative) : std::get<AbsoluteEnd>(directive.end);
  return life_until(std::min(wanted, end_after(now.wall, max_life_)), now);
}

LifeLedger::Entry LifeLedger::entry_of(const std::string& key, const Directive& directive,
                                       Now now) const {
  const auto known = entries_.find(key);
  Entry entry = known != entries_.end() ? known->second
                                        : Entry{.life = first_seen(directive, now),
                                                .usage = std::make_shared<DirectiveUsage>()};
  const auto bound = bounds_.find(key);
  if (bound != bounds_.end()) entry.life = earlier_ends(entry.life, bound->second);
  return entry;
}

std::vector<LifeLedger::Entry> LifeLedger::apply(const Document& document, Now now) {
  std::vector<Entry> result;
  result.reserve(document.directives.size());
  std::unordered_map<std::string, Entry> kept;
  kept.reserve(document.directives.size());
  for (const Directive& directive : document.directives) {
    const auto [slot, added] = kept.try_emplace(encode_directive(directive));
    if (added) slot->second = entry_of(slot->first, directive, now);
    result.push_back(slot->second);
  }
  entries_ = std::move(kept);
  bounds_.clear();  // they are in the entries now, or their directives are gone
  return result;
}

void LifeLedger::bound(const Directive& directive, const Life& life) {
  const auto [slot, added] = bounds_.try_emplace(encode_directive(directive), life);
  if (!added) slot->second = earlier_ends(slot->second, life);
}

void LifeLedger::agree(const Directive& directive, const Life& life) {
  const auto [entry, added] = entries_.try_emplace(encode_directive(directive));
  if (added) entry->second.usage = std::make_shared<DirectiveUsage>();
  entry->second.life = life;
}

std::optional<Life> LifeLedger::remembered(const Directive& directive) const {
  const std::string key = encode_directive(directive);
  if (const auto entry = entries_.find(key); entry != entries_.end()) return entry->second.life;
  if (const auto bound = bounds_.find(key); bound != bounds_.end()) return bound->second;
  return std::nullopt;
}

Document with_absolute_ends(Document document, WallTime now) {
  for (Directive& directive : document.directives) {
    if (const auto* relative = std::get_if<RelativeEnd>(&directive.end)) {
      directive.end = end_after(now, *relative);
    }
  }
  return document;
}

}  // namespace osproxy
