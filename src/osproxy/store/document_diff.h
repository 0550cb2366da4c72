// The difference of two documents: which directives came, went and changed.
//
//   const DocumentDiff diff = diff_documents(before, after);
//   diff.came.ids;     // {"acme-search-7f3"}
//   diff.went.count;   // 1
//
// Thread safety: pure functions and regular values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "osproxy/directive/model.h"

namespace osproxy {

/// Ids of directives, the first of them by name, and how many there are in all.
struct DirectiveIds {
  /// More ids are counted only: an entry of the history stays small, and a line stays legible.
  static constexpr std::size_t kMaxIds = 50;

  std::vector<std::string> ids{};
  std::int64_t count = 0;

  void add(const std::string& id) {
    ++count;
    if (ids.size() < kMaxIds) ids.push_back(id);
  }
  /// True if the list names `id`, or may have left it out.
  bool may_contain(const std::string& id) const;

  friend bool operator==(const DirectiveIds&, const DirectiveIds&) = default;
};

struct DocumentDiff {
  DirectiveIds came{};
  DirectiveIds went{};
  DirectiveIds changed{};  ///< the same id with another content

  bool is_empty() const noexcept { return came.count + went.count + changed.count == 0; }

  friend bool operator==(const DocumentDiff&, const DocumentDiff&) = default;
};

DocumentDiff diff_documents(const Document& before, const Document& after);

}  // namespace osproxy
