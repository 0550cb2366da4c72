// Selects records for a reader of the live tail, by directive, target, status and latency.
//
//   RecordFilter filter{.target = {.tenant = "acme"}, .slower = 1s};
//   if (filter.passes(record)) print(record);
//
// A regular value; an absent field lets all records pass.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/directive/model.h"
#include "osproxy/record/record.h"

namespace osproxy {

struct RecordFilter {
  std::optional<std::string> directive{};  ///< the id of a directive that selected the request
  Target target{};                         ///< matches as a directive's target does
  std::optional<StatusFilter> status{};
  std::optional<std::chrono::milliseconds> slower{};  ///< at least as slow as this
  /// Those that the reader may see, sorted; empty: all. A record of none of them does not match.
  std::vector<std::string> tenants{};

  /// True if `directive`, `target` and `tenants` match; ignores how the request ended.
  bool matches(const Record& record) const noexcept;

  /// True if the end of the request fits: `status` and `slower`.
  bool judges(const Record& record) const noexcept;

  /// Both.
  bool passes(const Record& record) const noexcept;

  friend bool operator==(const RecordFilter&, const RecordFilter&) = default;
};

}  // namespace osproxy
