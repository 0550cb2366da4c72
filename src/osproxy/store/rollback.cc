#include "osproxy/store/rollback.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace osproxy {
namespace {

// Entries that are read to find since when a directive with `ttl_secs` was on: changes by hand
// while it was. With more of them, its life counts from the oldest of these.
constexpr int kMaxEarlier = 64;

HistoryError refusal(HistoryError::Kind kind, std::string message) {
  return {.kind = kind, .message = std::move(message)};
}

/// The document of an entry, or why there is nothing to go back to.
std::expected<Document, HistoryError> document_of(const HistoryEntry& entry,
                                                  const DecodeLimits& limits) {
  using Kind = HistoryError::Kind;
  if (!entry.fault.empty()) return std::unexpected(unreadable_entry(entry));
  if (entry.deleted) return Document{};
  if (!entry.document) {
    return std::unexpected(
        refusal(Kind::Unreadable,
                fmt::format("the history does not keep the document of revision {}: it was too "
                            "large; publish it from a file",
                            entry.revision)));
  }
  auto document = decode_document(*entry.document, limits);
  if (document) return *std::move(document);
  return std::unexpected(refusal(
      Kind::Unreadable, fmt::format("revision {} is malformed ({}), no instance has applied it; "
                                    "choose another revision",
                                    entry.revision, to_string(document.error().fault))));
}

bool has(const Document& document, const Directive& directive) {
  return std::ranges::find(document.directives, directive) != document.directives.end();
}

/// When each directive with `ttl_secs` of an entry was first seen: the time of the earliest entry
/// from which on it was in every document.
class FirstSights {
 public:
  FirstSights(HistoryReader& history, const HistoryEntry& entry, const Document& document,
              const DecodeLimits& limits) {
    for (const Directive& one : document.directives) {
      if (std::holds_alternative<RelativeEnd>(one.end)) sights_.push_back({one, entry.time, true});
    }
    std::int64_t previous = entry.previous;
    for (int i = 0; i < kMaxEarlier && previous > 0 && is_open(); ++i) {
      const auto earlier = history.find(previous);
      if (!earlier) return;
      const auto then = document_of(*earlier, limits);
      if (!then) return;
      look(*then, earlier->time);
      previous = earlier->previous;
    }
  }

  WallTime of(const Directive& directive) const {
    const auto found = std::ranges::find(sights_, directive, &Sight::directive);
    return found == sights_.end() ? WallTime{} : found->since;
  }

 private:
  struct Sight {
    Directive directive;
    WallTime since;
    bool is_open;  // it may have been there earlier
  };

  bool is_open() const { return std::ranges::any_of(sights_, &Sight::is_open); }

  void look(const Document& then, WallTime time) {
    for (Sight& sight : sights_) {
      sight.is_open = sight.is_open && has(then, sight.directive);
      if (sight.is_open) sight.since = std::min(sight.since, time);
    }
  }

  std::vector<Sight> sights_;
};

}  // namespace

RollbackPlan plan_rollback(const Document& current, const RollbackSource& source, WallTime now) {
  RollbackPlan plan;
  for (const Directive& directive : source.document.directives) {
    const auto* const ttl = std::get_if<RelativeEnd>(&directive.end);
    const WallTime end =
        ttl != nullptr ? source.first_seen(directive) + *ttl : std::get<AbsoluteEnd>(directive.end);
    if (end <= now) {
      plan.over.push_back(directive.id);
      continue;
    }
    plan.document.directives.push_back(directive);
    plan.document.directives.back().end = end;
  }
  plan.diff = diff_documents(current, plan.document);
  return plan;
}

std::expected<PreparedRollback, HistoryError> prepare_rollback(HistoryReader& history,
                                                               std::int64_t revision,
                                                               std::string_view current,
                                                               const DecodeLimits& limits,
                                                               WallTime now) {
  auto entry = history.find(revision);
  if (!entry) return std::unexpected(std::move(entry).error());
  auto document = document_of(*entry, limits);
  if (!document) return std::unexpected(std::move(document).error());
  const bool was_empty = document->directives.empty();
  const FirstSights sights(history, *entry, *document, limits);
  const auto published = decode_document(current, limits);
  RollbackPlan plan = plan_rollback(
      published.value_or(Document{}),
      {.document = *std::move(document),
       .first_seen = [&sights](const Directive& directive) { return sights.of(directive); }},
      now);
  if (plan.document.directives.empty() && !was_empty) {
    return std::unexpected(
        refusal(HistoryError::Kind::NotFound,
                fmt::format("all {} directives of revision {} are over; nothing was changed. To "
                            "turn everything off, publish an empty document",
                            plan.over.size(), revision)));
  }
  return PreparedRollback{.plan = std::move(plan), .entry = *std::move(entry)};
}

}  // namespace osproxy
