#include "osproxy/directive/index_expression.h"

#include <algorithm>
#include <cstring>

#include "osproxy/directive/index_elements.h"

namespace osproxy {
namespace {

IndexElement parse_element(std::string_view text, bool may_exclude) noexcept {
  IndexElement element;
  element.excludes = may_exclude && text.front() == '-';
  element.pattern = element.excludes ? text.substr(1) : text;
  // OpenSearch knows `_all` only alone; an exclusion of it takes nothing out.
  if (element.pattern == "_all" && !element.excludes) element.pattern = "*";
  // OpenSearch resolves date math; here it is a name like any other.
  const bool date_math = element.pattern.starts_with('<');
  element.wildcard = !date_math && element.pattern.find('*') != std::string_view::npos;
  return element;
}

}  // namespace

std::optional<IndexElement> IndexElements::next() noexcept {
  while (!rest_.empty()) {
    const std::size_t comma = rest_.find(',');
    const std::string_view text = rest_.substr(0, comma);
    rest_.remove_prefix(comma == std::string_view::npos ? rest_.size() : comma + 1);
    if (text.empty()) continue;
    const IndexElement element = parse_element(text, wildcard_seen_);
    wildcard_seen_ = wildcard_seen_ || element.wildcard;
    return element;
  }
  return std::nullopt;
}

bool IndexElement::covers(std::string_view name) const noexcept {
  return wildcard ? wildcard_covers(pattern, name) : pattern == name;
}

bool index_expression_covers(std::string_view expression, std::string_view name) noexcept {
  bool covered = false;
  IndexElements elements(expression);
  while (const auto element = elements.next()) {
    if (element->covers(name)) covered = !element->excludes;
  }
  return covered;
}

bool wildcard_covers(std::string_view pattern, std::string_view text) noexcept {
  const std::size_t first = pattern.find('*');
  if (first == std::string_view::npos) return pattern == text;
  const std::string_view prefix = pattern.substr(0, first);
  const std::string_view suffix = pattern.substr(pattern.rfind('*') + 1);
  if (text.size() < prefix.size() + suffix.size() || !text.starts_with(prefix) ||
      !text.ends_with(suffix)) {
    return false;
  }
  // Each part between two `*` takes its first place in what the part before it left. A later place
  // would leave less.
  text.remove_prefix(prefix.size());
  text.remove_suffix(suffix.size());
  pattern = pattern.substr(first, pattern.size() - first - suffix.size());
  while (!pattern.empty()) {
    const std::size_t begin = std::min(pattern.find_first_not_of('*'), pattern.size());
    const std::size_t end = std::min(pattern.find('*', begin), pattern.size());
    const std::string_view part = pattern.substr(begin, end - begin);
    pattern.remove_prefix(end);
    // memmem(3) is linear even for a hostile pair; std::string_view::find() is not.
    const void* const found = memmem(text.data(), text.size(), part.data(), part.size());
    if (found == nullptr) return false;
    text.remove_prefix(static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) +
                       part.size());
  }
  return true;
}

}  // namespace osproxy
