// Iterates over the comma-separated elements of an index expression.
//
//   IndexElements elements("logs-*,-logs-1");
//   while (auto element = elements.next()) show(element->pattern);    // "logs-*", "logs-1"
//
// A small regular value: a copy is a second cursor at the same place. The elements are views into
// the expression, which must outlive them. Allocates nothing.
#pragma once

#include <optional>
#include <string_view>

namespace osproxy {

struct IndexElement {
  std::string_view pattern;  ///< without the `-` of an exclusion; `*` for `_all`
  bool excludes = false;     ///< removes the names that it covers
  bool wildcard = false;     ///< contains `*`; else it covers exactly its own name

  bool covers(std::string_view name) const noexcept;
};

class IndexElements {
 public:
  explicit IndexElements(std::string_view expression) noexcept : rest_(expression) {}

  /// Returns the next element that is not empty; nullopt at the end.
  std::optional<IndexElement> next() noexcept;

 private:
  std::string_view rest_;
  bool wildcard_seen_ = false;  // from here on, `-element` excludes
};

}  // namespace osproxy
