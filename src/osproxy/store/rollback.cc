#include "osproxy/store/rollback.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace osproxy {
namespace {

// Entries that are read to find since when a directive was on: the changes while it was. With more
// of them, that is not known.
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

/// Since when each directive was on that somebody has put by hand: the time of the earliest entry
/// from which on it was in every document. That is not known if the history does not show the
/// change that brought it, or not when it was made.
class FirstSights {
 public:
  FirstSights(HistoryReader& history, const HistoryEntry& entry, const Document& document,
              const DecodeLimits& limits) {
    for (const Directive& one : document.directives) {
      const bool is_relative = std::holds_alternative<RelativeEnd>(one.end);
      if (is_relative || entry.note.author == kByHand) sights_.push_back({.directive = one});
    }
    see(document, entry);
    look_back(history, entry, limits);
  }

  /// nullopt: not known.
  std::optional<WallTime> of(const Directive& directive) const {
    const auto found = std::ranges::find(sights_, directive, &Sight::directive);
    return found == sights_.end() ? std::nullopt : found->since;
  }

 private:
  struct Sight {
    Directive directive;
    std::optional<WallTime> since{};
    bool is_open = true;  // it may have been there earlier
  };

  bool is_open() const { return std::ranges::any_of(sights_, &Sight::is_open); }

  void look_back(HistoryReader& history, HistoryEntry latest, const DecodeLimits& limits) {
    for (int i = 0; is_open() && latest.previous > 0 && !latest.is_after_gap; ++i) {
      if (i == kMaxEarlier) return lose_open();
      auto earlier = history.find(latest.previous);
      if (!earlier) return lose_open();
      latest = *std::move(earlier);
      if (!latest.rejected.empty()) continue;  // instances go on with the set before it
      const auto then = document_of(latest, limits);
      if (!then) return lose_open();
      see(*then, latest);
    }
    if (latest.is_after_gap) lose_open();
  }

  void see(const Document& then, const HistoryEntry& entry) {
    for (Sight& sight : sights_) {
      sight.is_open = sight.is_open && has(then, sight.directive);
      if (sight.is_open) sight.since = entry.is_late ? std::nullopt : std::optional(entry.time);
    }
  }

  void lose_open() {
    for (Sight& sight : sights_) {
      if (std::exchange(sight.is_open, false)) sight.since.reset();
    }
  }

  std::vector<Sight> sights_;
};

/// The end that the directive had in force; nullopt if it is not known.
std::optional<WallTime> end_of(const Directive& directive, const RollbackSource& source) {
  const auto* const ttl = std::get_if<RelativeEnd>(&directive.end);
  const auto since = source.first_seen ? source.first_seen(directive) : std::nullopt;
  if (ttl != nullptr) return since ? std::optional(*since + *ttl) : std::nullopt;
  const WallTime end = std::get<AbsoluteEnd>(directive.end);
  return since ? std::min(end, *since + source.max_life) : end;
}

}  // namespace

RollbackPlan plan_rollback(const Document& current, const RollbackSource& source, WallTime now) {
  RollbackPlan plan;
  for (const Directive& directive : source.document.directives) {
    const auto end = end_of(directive, source);
    if (!end || *end <= now) {
      plan.over.push_back(directive.id);
      continue;
    }
    plan.document.directives.push_back(directive);
    plan.document.directives.back().end = *end;
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
       .first_seen = [&sights](const Directive& directive) { return sights.of(directive); },
       .max_life = limits.max_life},
      now);
  if (plan.document.directives.empty() && !was_empty) {
    return std::unexpected(refusal(
        HistoryError::Kind::NotFound,
        fmt::format("all {} directives of revision {} are over, or the history does not know "
                    "since when they were on; nothing was changed. To turn everything off, "
                    "publish an empty document",
                    plan.over.size(), revision)));
  }
  return PreparedRollback{.plan = std::move(plan), .entry = *std::move(entry)};
}

}  // namespace osproxy
