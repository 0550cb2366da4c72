// Which records a reader of the live tail wants: what a target can name, and how it ended.
//
//   RecordFilter filter{.tenant = "acme", .slower = 1s};
//   if (filter.passes(record)) …
//
// A regular value; an absent field lets all pass.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "osproxy/directive/model.h"
#include "osproxy/record/record.h"

namespace osproxy {

struct RecordFilter {
  std::optional<std::string> directive{};  ///< the id of one that the record names
  Target target{};  ///< as a directive's: `index` may be covered by a wildcard
  std::optional<StatusFilter> status{};
  std::optional<std::chrono::milliseconds> slower{};  ///< at least as slow as this

  /// What the directive and the target say, whatever became of the request.
  bool matches(const Record& record) const noexcept;

  bool passes(const Record& record) const noexcept;

  friend bool operator==(const RecordFilter&, const RecordFilter&) = default;
};

}  // namespace osproxy
