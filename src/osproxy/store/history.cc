#include "osproxy/store/history.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "osproxy/core/rfc3339.h"
#include "osproxy/core/visible_text.h"

namespace osproxy {
namespace {

constexpr std::size_t kMaxShownIds = 3;  // on one line

/// The longest beginning of at most kMaxNoteBytes that ends with a whole character.
std::string_view cut(std::string_view text) {
  if (text.size() <= kMaxNoteBytes) return text;
  std::size_t end = kMaxNoteBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return text.substr(0, end);
}

std::string clean_text(std::string_view text) { return std::string(cut(visible_text(cut(text)))); }

std::string describe(const DecodeError& error) {
  return error.where.empty() ? std::string(to_string(error.fault))
                             : fmt::format("{} at {}", to_string(error.fault), error.where);
}

}  // namespace

ChangeNote clean_note(ChangeNote note) {
  return {.author = clean_text(note.author),
          .by = clean_text(note.by),
          .reason = clean_text(note.reason)};
}

HistoryEntry make_entry(const DocumentChange& change, ChangeNote note, WallTime time,
                        const DecodeLimits& limits) {
  HistoryEntry entry{.time = time,
                     .note = clean_note(std::move(note)),
                     .previous = change.previous,
                     .deleted = !change.after};
  Document after;
  if (change.after) {
    entry.document = std::string(*change.after);
    auto decoded = decode_document(*change.after, limits);
    if (decoded) {
      after = *std::move(decoded);
    } else {
      entry.rejected = describe(decoded.error());
    }
  }
  entry.directives = std::ssize(after.directives);
  if (!entry.rejected.empty()) return entry;
  if (change.previous == 0) {
    entry.diff = diff_documents({}, after);
  } else if (change.before) {
    if (const auto before = decode_document(*change.before, limits)) {
      entry.diff = diff_documents(*before, after);
    }
  }
  return entry;
}

std::string describe_diff(const HistoryEntry& entry) {
  if (!entry.rejected.empty()) return "malformed: " + entry.rejected;
  if (!entry.diff) return "unknown";
  std::string text;
  const auto add = [&text](std::string_view verb, const DirectiveIds& ids) {
    if (ids.count == 0) return;
    text += fmt::format("{}{} ", text.empty() ? "" : "; ", verb);
    const std::size_t shown = std::min(kMaxShownIds, ids.ids.size());
    for (std::size_t i = 0; i < shown; ++i) {
      text += (i > 0 ? ", " : "") + visible_text(ids.ids[i]);
    }
    const std::int64_t rest = ids.count - static_cast<std::int64_t>(shown);
    if (rest > 0) text += fmt::format(" and {} more", rest);
  };
  add("on", entry.diff->came);
  add("off", entry.diff->went);
  add("changed", entry.diff->changed);
  return text.empty() ? "nothing changed" : text;
}

std::string describe_change(const HistoryEntry& entry) {
  std::string text = entry.note.author.empty() ? "unknown" : entry.note.author;
  if (!entry.note.by.empty()) text += ", " + entry.note.by;
  text +=
      fmt::format(", {}, {}", format_rfc3339(std::chrono::floor<std::chrono::seconds>(entry.time)),
                  describe_diff(entry));
  if (!entry.note.reason.empty()) text += fmt::format(" ({})", entry.note.reason);
  return text;
}

HistoryError history_not_kept(std::string_view store_kind) {
  return {HistoryError::Kind::NotKept,
          fmt::format("this instance has its document in its {} store, which keeps no history; "
                      "etcd does (--etcd-endpoints)",
                      store_kind)};
}

HistoryError unreadable_entry(const HistoryEntry& entry) {
  return {HistoryError::Kind::Unreadable,
          fmt::format("the history's entry of revision {} cannot be read: {}", entry.revision,
                      entry.fault)};
}

}  // namespace osproxy
