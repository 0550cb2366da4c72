// The comma-separated elements of an index expression, one by one.
//
//   IndexElements elements("logs-*,-logs-1");
//   while (auto element = elements.next()) …
//
// A small regular value: a copy is a second cursor at the same place. Views into the expression,
// which must outlive it. Allocates nothing.
#pragma once

#include <optional>
#include <string_view>

namespace osproxy {

struct IndexElement {
  std::string_view pattern;  ///< without the `-` of an exclusion; `*` for `_all`
  bool excludes = false;     ///< takes out what it covers
  bool wildcard = false;     ///< holds a `*`; else it covers exactly the name that it is

  bool covers(std::string_view name) const noexcept;
};

class IndexElements {
 public:
  explicit IndexElements(std::string_view expression) noexcept : rest_(expression) {}

  /// The next element that is not empty; nullopt at the end.
  std::optional<IndexElement> next() noexcept;

 private:
  std::string_view rest_;
  bool wildcard_seen_ = false;  // from here on, `-element` excludes
};

}  // namespace osproxy
