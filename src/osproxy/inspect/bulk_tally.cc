#include "osproxy/inspect/bulk_tally.h"

#include <algorithm>

namespace osproxy {

void BulkTally::take_action(std::string_view key) noexcept {
  action_ = std::nullopt;
  for (std::size_t i = 0; i < kBulkActionCount; ++i) {
    if (const auto action = static_cast<BulkAction>(i); key == to_string(action)) action_ = action;
  }
}

void BulkTally::end_line() noexcept {
  if (action_) {
    ++by_action_[static_cast<std::size_t>(*action_)];
    if (!index_) {
      ++of_path_;
    } else {
      ++(*index_ < kMaxNames ? by_name_[*index_] : others_);
    }
  }
  action_ = std::nullopt;
  index_ = std::nullopt;
}

BulkActions BulkTally::take(const std::vector<std::string>& names) const {
  BulkActions actions{
      .by_index = {}, .other_indices = others_, .of_path = of_path_, .by_action = by_action_};
  for (std::size_t i = 0; i < std::min(names.size(), kMaxNames); ++i) {
    if (by_name_[i] > 0) actions.by_index.push_back({.index = names[i], .count = by_name_[i]});
  }
  std::ranges::stable_sort(actions.by_index, std::ranges::greater(), &IndexCount::count);
  while (actions.by_index.size() > kMaxListed) {
    actions.other_indices += actions.by_index.back().count;
    actions.by_index.pop_back();
  }
  return actions;
}

}  // namespace osproxy
