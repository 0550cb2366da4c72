#include "osproxy/cli/print/history_text.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include <fmt/format.h>

#include "osproxy/cli/print/text.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/encode.h"

namespace osproxy::cli {
namespace {

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string seconds_of(WallTime time) {
  return format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

std::vector<std::string> row(const HistoryEntry& entry) {
  if (!entry.fault.empty()) {
    return {fmt::format("{}", entry.revision), "-", "-", "-", "not readable: " + entry.fault, "-"};
  }
  std::string change = describe_diff(entry);
  if (entry.is_after_gap) change += " (earlier changes are not known)";
  return {fmt::format("{}", entry.revision),
          seconds_of(entry.time),
          or_dash(entry.note.author),
          or_dash(entry.note.by),
          std::move(change),
          or_dash(entry.note.reason)};
}

const Directive* find(const Document& document, const std::string& id) {
  const auto found = std::ranges::find(document.directives, id, &Directive::id);
  return found == document.directives.end() ? nullptr : &*found;
}

}  // namespace

std::string history_text(const HistoryList& list) {
  if (list.entries.empty()) return "no changes in the history\n";
  std::vector<std::vector<std::string>> rows{
      {"REVISION", "TIME", "AUTHOR", "BY", "CHANGE", "REASON"}};
  for (const HistoryEntry& entry : list.entries) rows.push_back(row(entry));
  return format_table(rows);
}

std::string entry_text(const HistoryEntry& entry) {
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    text += fmt::format("{:<10} {}\n", name, printable(value));
  };
  line("revision", fmt::format("{}", entry.revision));
  line("time", format_rfc3339(entry.time));
  line("author", or_dash(entry.note.author));
  line("by", or_dash(entry.note.by));
  line("reason", or_dash(entry.note.reason));
  line("previous", entry.previous > 0 ? fmt::format("{}", entry.previous) : "none");
  line("change", describe_diff(entry));
  if (entry.is_after_gap) line("gap", "earlier changes were compacted away before it");
  if (entry.deleted) line("document", "none: the key was deleted");
  return text;
}

std::string document_diff_text(const Document& before, const Document& after) {
  std::string text;
  const auto line = [&text](char sign, const Directive& directive) {
    text += fmt::format("{} {}\n", sign, printable(encode_directive(directive)));
  };
  for (const Directive& old : before.directives) {
    const Directive* const now = find(after, old.id);
    if (now != nullptr && *now == old) continue;
    line('-', old);
    if (now != nullptr) line('+', *now);
  }
  for (const Directive& one : after.directives) {
    if (find(before, one.id) == nullptr) line('+', one);
  }
  return text.empty() ? "no difference\n" : text;
}

std::string diff_text(const DocumentDiff& diff) {
  HistoryEntry entry;
  entry.diff = diff;
  return printable(describe_diff(entry));
}

}  // namespace osproxy::cli
