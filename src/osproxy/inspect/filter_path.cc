#include "osproxy/inspect/filter_path.h"

#include <algorithm>
#include <optional>

namespace osproxy {
namespace {

/// Removes the text before `separator` from `rest` and returns it.
std::string_view take_part(std::string_view& rest, std::string_view separators) noexcept {
  const std::size_t end = std::min(rest.find_first_of(separators), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

/// True if every element of `list` has a member at `path`.
bool covers_all(std::string_view path, std::string_view list) noexcept {
  if (path == "*" || path == "**") return true;
  if (!path.starts_with(list)) return false;
  path.remove_prefix(list.size());
  if (path.empty() || path == ".*" || path == ".**") return true;
  return (list == "items" && path == ".*.status") || (list == "responses" && path == ".status");
}

}  // namespace

bool filter_path_keeps(std::string_view query, std::string_view list) noexcept {
  std::optional<std::string_view> filter;
  while (!query.empty()) {
    std::string_view value = take_part(query, "&;");
    const std::string_view name = take_part(value, "=");
    const bool may_be_it = name == "filter_path" || name.contains('%');
    if (!may_be_it) continue;
    if (filter || name.contains('%')) return false;
    filter = value;
  }
  if (!filter || filter->empty()) return true;
  bool covered = false;
  while (!filter->empty()) {
    const std::string_view path = take_part(*filter, ",");
    if (path.starts_with('-') || path.contains('%')) return false;
    covered = covered || covers_all(path, list);
  }
  return covered;
}

}  // namespace osproxy
