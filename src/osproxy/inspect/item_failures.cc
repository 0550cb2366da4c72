#include "osproxy/inspect/item_failures.h"

#include <algorithm>
#include <new>
#include <utility>

namespace osproxy {
namespace {

constexpr std::string_view kOther = "other";

}  // namespace

bool is_error_type(std::string_view type) noexcept {
  const auto is_of_name = [](char c) {
    return ('a' <= c && c <= 'z') || ('0' <= c && c <= '9') || c == '_';
  };
  return type.size() <= ItemFailures::kMaxTypeBytes && std::ranges::all_of(type, is_of_name) &&
         (type.ends_with("exception") || type.ends_with("error"));
}

void ItemFailures::add(std::string_view type, int status) noexcept {
  if (!type.empty() && !is_error_type(type)) type = kOther;
  for (ItemFailure& kind : kinds_) {
    if (kind.status != status || kind.type != type) continue;
    ++kind.count;
    return;
  }
  if (kinds_.size() == kMaxKinds) {
    ++others_;
    return;
  }
  try {
    kinds_.push_back({.type = std::string(type), .status = status, .count = 1});
  } catch (const std::bad_alloc&) {
    ++others_;
  }
}

std::vector<ItemFailure> ItemFailures::take() noexcept {
  // In place, because a stable sort allocates; kinds of the same count are sorted by type.
  std::ranges::sort(kinds_, [](const ItemFailure& a, const ItemFailure& b) {
    if (a.count != b.count) return a.count > b.count;
    return std::pair(std::string_view(a.type), a.status) <
           std::pair(std::string_view(b.type), b.status);
  });
  if (others_ > 0) {
    try {
      kinds_.push_back({.type = std::string(kOther), .status = 0, .count = others_});
    } catch (const std::bad_alloc&) {
      kinds_.clear();  // no count rather than a wrong one
    }
  }
  return std::exchange(kinds_, {});
}

}  // namespace osproxy
