// Layout of a page: entries follow each other, each an Entry and then the packed record.
//
// | ended   | weight  | chosen_weight | size    | kind    | packed record | ended   | …
// | 8 bytes | 8 bytes | 8 bytes       | 4 bytes | 4 bytes | `size` bytes  | 8 bytes | …
#include "osproxy/flight/sample_log.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <numeric>
#include <type_traits>
#include <utility>

namespace osproxy {
namespace {

// A page is the unit in which samples expire and are thinned: a small part of the log.
constexpr std::size_t kMaxPageBytes = 64 << 10;
constexpr std::size_t kMinPageBytes = 4 << 10;
constexpr std::size_t kPages = 16;

}  // namespace

SampleLog::Page::Entry SampleLog::Page::read_entry(std::size_t at) const noexcept {
  static_assert(std::is_trivially_copyable_v<Entry>);
  Entry entry;
  std::memcpy(&entry, bytes_.get() + at, sizeof(entry));
  return entry;
}

bool SampleLog::Page::has_any_of(std::uint64_t kinds) const noexcept {
  for (std::uint32_t kind = 0; kind < kKinds; ++kind) {
    if (((kinds >> kind) & 1U) != 0 && kind_bytes_[kind] > 0) return true;
  }
  return false;
}

std::span<std::byte> SampleLog::Page::begin_entry(const Entry& entry) noexcept {
  const std::size_t used = used_.load(std::memory_order_relaxed);
  if (sizeof(Entry) + entry.size > capacity_ - used) return {};
  std::memcpy(bytes_.get() + used, &entry, sizeof(entry));
  kind_bytes_[entry.kind] += static_cast<std::uint32_t>(sizeof(Entry)) + entry.size;
  last_ = std::max(last_, entry.weight.ended);
  return {bytes_.get() + used + sizeof(entry), entry.size};
}

/// Shows the entry to readers.
void SampleLog::Page::end_entry(std::size_t size) noexcept {
  const std::size_t used = used_.load(std::memory_order_relaxed);
  used_.store(used + sizeof(Entry) + size, std::memory_order_release);
}

SampleLog::SampleLog(std::size_t max_bytes, Random random) noexcept
    : max_bytes_(std::max(max_bytes, 4 * kMinPageBytes)),
      page_bytes_(std::clamp(max_bytes / kPages, kMinPageBytes, kMaxPageBytes)),
      random_(random) {}

std::size_t SampleLog::append(const SampleWeight& weight, const Record& record,
                              std::uint32_t kind) noexcept {
  if (!is_published_) publish();
  const std::size_t size = packed_size(record);
  if (sizeof(Page::Entry) + size > page_bytes_) return 0;
  const Page::Entry entry{.weight = weight, .size = static_cast<std::uint32_t>(size), .kind = kind};
  std::span<std::byte> room;
  if (!pages_.empty()) room = pages_.back()->begin_entry(entry);
  if (room.empty()) {
    if (!add_page()) return 0;
    room = pages_.back()->begin_entry(entry);
  }
  pack(record, room);
  pages_.back()->end_entry(size);
  kind_bytes_[kind] += sizeof(Page::Entry) + size;
  return sizeof(Page::Entry) + size;
}

bool SampleLog::add_page() {
  try {
    while (bytes_ + page_bytes_ > max_bytes_) thin_out();
    pages_.push_back(std::make_shared<Page>(page_bytes_, 0));
    count(*pages_.back(), 1);
  } catch (const std::bad_alloc&) {
    return false;
  }
  publish();
  return true;
}

/// Thins two neighbours that have been thinned equally, or least, and makes one page of them,
/// unless it would become much larger than others. Small pages are not left, since neighbours go
/// together.
void SampleLog::thin_out() {
  const auto level = [](const auto& page) { return page->level_; };
  // All but the newest, unless that is the only one.
  const auto end = pages_.size() > 1 ? pages_.end() - 1 : pages_.end();
  const auto least = std::ranges::min_element(pages_.begin(), end, {}, level);
  auto first = std::ranges::adjacent_find(pages_.begin(), end, [&](const auto& a, const auto& b) {
    return a->level_ == (*least)->level_ && b->level_ == a->level_;
  });
  const bool is_pair = first != end;
  if (!is_pair) first = least;
  const auto second = is_pair ? first + 1 : first;

  const std::uint64_t kinds = largest_kinds();
  if (!(*first)->has_any_of(kinds) && !(*second)->has_any_of(kinds)) {
    ++(*first)->level_;
    if (is_pair) ++(*second)->level_;
    return;
  }
  const Survivors of_first = thin(**first, kinds);
  const Survivors of_second = is_pair ? thin(**second, kinds) : Survivors{};
  const auto make = [level_now = (*first)->level_ + 1](std::size_t bytes) {
    return std::make_shared<Page>(std::max<std::size_t>(bytes, 1), level_now);
  };
  const bool makes_one = is_pair && of_first.bytes + of_second.bytes <= 2 * page_bytes_;
  auto made = make(of_first.bytes + (makes_one ? of_second.bytes : 0));
  auto made_second = is_pair && !makes_one ? make(of_second.bytes) : nullptr;
  write(of_first, *made);
  write(of_second, made_second ? *made_second : *made);
  // The survivors are views of the pages until here.
  replace(*first, std::move(made));
  if (made_second) {
    replace(*second, std::move(made_second));
  } else if (makes_one) {
    count(**second, -1);
    pages_.erase(second);
  }
}

void SampleLog::replace(std::shared_ptr<Page>& page, std::shared_ptr<Page> by) noexcept {
  count(*page, -1);
  page = std::move(by);
  count(*page, 1);
}

/// Adds a page to the sums, or takes it out.
void SampleLog::count(const Page& page, int sign) noexcept {
  const auto add = [sign](std::size_t& sum, std::size_t bytes) {
    sum = sign > 0 ? sum + bytes : sum - bytes;
  };
  add(bytes_, page.capacity_);
  for (std::size_t i = 0; i < kKinds; ++i) add(kind_bytes_[i], page.kind_bytes_[i]);
}

/// A bit for each of the kinds that take most of the log: at least half, so that thinning them
/// makes room.
std::uint64_t SampleLog::largest_kinds() const noexcept {
  auto bytes = kind_bytes_;
  const std::size_t all = std::accumulate(bytes.begin(), bytes.end(), std::size_t{0});
  std::uint64_t kinds = 0;
  for (std::size_t covered = 0; 2 * covered < all;) {
    const auto largest = std::ranges::max_element(bytes);
    kinds |= std::uint64_t{1} << static_cast<unsigned>(largest - bytes.begin());
    covered += std::exchange(*largest, 0);
  }
  return kinds;
}

SampleLog::Survivors SampleLog::thin(const Page& page, std::uint64_t kinds) {
  Survivors survivors;
  std::uint64_t coins = 0;
  unsigned coins_left = 0;
  page.visit_entries([&](Page::Entry entry, std::span<const std::byte> packed) {
    if (((kinds >> entry.kind) & 1U) != 0) {
      if (coins_left == 0) coins = random_.next(), coins_left = 64;
      --coins_left;
      const bool is_kept = (coins & 1U) != 0;
      coins >>= 1U;
      if (!is_kept) return;
      entry.weight.weight *= 2;
      entry.weight.chosen_weight *= 2;
    }
    survivors.entries.emplace_back(entry, packed);
    survivors.bytes += sizeof(entry) + packed.size();
  });
  return survivors;
}

void SampleLog::write(const Survivors& survivors, Page& page) noexcept {
  for (const auto& [entry, packed] : survivors.entries) {
    std::ranges::copy(packed, page.begin_entry(entry).begin());
    page.end_entry(packed.size());
  }
}

void SampleLog::expire(BootTime oldest) noexcept {
  bool is_changed = false;
  while (!pages_.empty() && pages_.front()->last_ < oldest) {
    count(*pages_.front(), -1);
    pages_.pop_front();
    is_changed = true;
  }
  if (is_changed) publish();
}

/// Shows the readers the pages, unless one of them reads the list at this moment.
void SampleLog::publish() noexcept {
  is_published_ = false;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return;
  try {
    shown_.assign(pages_.begin(), pages_.end());
    is_published_ = true;
  } catch (const std::bad_alloc&) {
    shown_.clear();  // their memory is more needed
  }
}

std::vector<SampleLog::PagePointer> SampleLog::pages() const {
  const std::lock_guard lock(mutex_);
  return shown_;
}

}  // namespace osproxy
