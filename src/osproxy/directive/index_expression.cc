#include "osproxy/directive/index_expression.h"

#include "osproxy/directive/index_elements.h"

namespace osproxy {
namespace {

IndexElement parse_element(std::string_view text, bool may_exclude) noexcept {
  IndexElement element;
  element.excludes = may_exclude && text.front() == '-';
  element.pattern = element.excludes ? text.substr(1) : text;
  if (element.pattern == "_all") element.pattern = "*";
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
  std::size_t p = 0;
  std::size_t t = 0;
  // Tries the shortest run for a `*` first; on a mismatch, the last `*` takes one character more.
  // Earlier ones need no second try: they took the shortest run, and left the longest rest.
  std::size_t after_star = std::string_view::npos;
  std::size_t star_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      star_end = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++star_end;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

}  // namespace osproxy
