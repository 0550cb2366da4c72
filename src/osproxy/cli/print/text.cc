#include "osproxy/cli/print/text.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "osproxy/core/duration.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/core/utf8.h"
#include "osproxy/core/visible_text.h"

namespace osproxy::cli {
namespace {

bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// In code points, which is good enough for columns without wide characters.
std::size_t width(std::string_view text) noexcept {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, is_continuation));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    if (const auto hidden = hidden_character(text)) {
      out += '?';
      text.remove_prefix(hidden->size);
    } else {
      move_utf8_character(text, out);
    }
  }
  return out;
}

std::string shortened(std::string_view text) {
  if (text.size() <= kMaxCell) return std::string(text);
  std::string shown = printable(text);  // so that no character is cut
  if (width(shown) <= kMaxCell) return shown;
  const auto begin_of = [&shown](std::size_t character) {
    std::size_t at = 0;
    while (at < shown.size() && (is_continuation(shown[at]) || character-- > 0)) ++at;
    return at;
  };
  constexpr std::size_t kEnd = kMaxCell / 3;
  const std::size_t head = begin_of(kMaxCell - kEnd - 1);
  return shown.substr(0, head) + "…" + shown.substr(begin_of(width(shown) - kEnd));
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    auto& shown = cells.emplace_back();
    for (const std::string& cell : row) shown.push_back(printable(cell));
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(shown[i]));
  }
  std::string out;
  for (const auto& row : cells) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out.append(line).append("\n");
  }
  return out;
}

std::string format_remaining(WallTime end, WallTime now) {
  if (end <= now) return "over";
  const auto left = std::chrono::ceil<std::chrono::seconds>(end - now);
  return "in " + format_duration(left);
}

std::string format_age(std::chrono::nanoseconds age) {
  return fmt::format("{:.1f}s ago", std::chrono::duration<double>(age).count());
}

std::string describe_rejection(const DecodeError& error) {
  return fmt::format("rejected: {} at {}", to_string(error.fault),
                     error.where.empty() ? "the document" : printable(error.where));
}

std::string describe_fleet(const Fleet& fleet) {
  return fmt::format("FLEET {}/{} synced, revision {}", fleet.count_synced(), fleet.members.size(),
                     fleet.revision);
}

std::string describe_thinned(const std::string& instance, const InstanceAck::Thinned& thinned) {
  const auto since = std::chrono::floor<std::chrono::seconds>(thinned.since);
  return fmt::format("{} since {}: {}", printable(instance), format_rfc3339(since),
                     printable(thinned.reason));
}

std::string join(const std::vector<std::string>& items) {
  return printable(fmt::format("{}", fmt::join(items, ", ")));
}

}  // namespace osproxy::cli
