// Counts the actions of a bulk's body by kind and by index, for BodyIndexReader.
//
//   BulkTally tally;
//   tally.take_action("index");  // the key of an action line
//   tally.take_index(0);         // the first of the names
//   tally.end_line();
//   const BulkActions actions = tally.take({"logs"});
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/record/body_structure.h"

namespace osproxy {

class BulkTally {
 public:
  /// Names that are told apart.
  static constexpr std::size_t kMaxNames = 64;

  /// A record lists so many. With their names these are some kilobytes of a record.
  static constexpr std::size_t kMaxListed = 32;

  /// The action of the line that is being read; a key that is none is not counted.
  void take_action(std::string_view key) noexcept;

  /// The place of its index among the names; kMaxNames and more: it is not among them.
  void take_index(std::size_t place) noexcept { index_ = place; }

  void end_line() noexcept;

  /// `names` are those whose places were given. May throw std::bad_alloc.
  BulkActions take(const std::vector<std::string>& names) const;

 private:
  std::optional<BulkAction> action_;  // of the line
  std::optional<std::size_t> index_;
  std::array<std::uint64_t, kMaxNames> by_name_{};
  std::uint64_t others_ = 0;
  std::uint64_t of_path_ = 0;
  ActionCounts by_action_{};
};

}  // namespace osproxy
