// Layout of a page: entries follow each other, each an Entry and then the packed record.
//
// | ended   | weight  | chosen_weight | size    | packed record | ended   | …
// | 8 bytes | 8 bytes | 8 bytes       | 8 bytes | `size` bytes  | 8 bytes | …
#include "osproxy/flight/sample_log.h"

#include <algorithm>
#include <cstring>
#include <new>
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

std::span<std::byte> SampleLog::Page::begin_entry(const SampleWeight& weight,
                                                  std::size_t size) noexcept {
  const std::size_t used = used_.load(std::memory_order_relaxed);
  if (sizeof(Entry) + size > capacity_ - used) return {};
  const Entry entry{.weight = weight, .size = size};
  std::memcpy(bytes_.get() + used, &entry, sizeof(entry));
  last_ = std::max(last_, weight.ended);
  return {bytes_.get() + used + sizeof(entry), size};
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

std::size_t SampleLog::append(const SampleWeight& weight, const Record& record) noexcept {
  if (!is_published_) publish();
  const std::size_t size = packed_size(record);
  if (sizeof(Page::Entry) + size > page_bytes_) return 0;
  std::span<std::byte> room;
  if (!pages_.empty()) room = pages_.back()->begin_entry(weight, size);
  if (room.empty()) {
    if (!add_page()) return 0;
    room = pages_.back()->begin_entry(weight, size);
  }
  pack(record, room);
  pages_.back()->end_entry(size);
  return sizeof(Page::Entry) + size;
}

bool SampleLog::add_page() {
  try {
    while (bytes_ + page_bytes_ > max_bytes_) thin_out();
    pages_.push_back(std::make_shared<Page>(page_bytes_, 0));
    bytes_ += page_bytes_;
  } catch (const std::bad_alloc&) {
    return false;
  }
  publish();
  return true;
}

/// Makes one page of two neighbours that have been thinned equally, or least: half of the samples
/// of both. Small pages are not left, since neighbours go together.
void SampleLog::thin_out() {
  const auto level = [](const auto& page) { return page->level_; };
  const auto least = std::ranges::min_element(pages_, {}, level);
  auto first = std::ranges::adjacent_find(pages_, [&](const auto& a, const auto& b) {
    return a->level_ == (*least)->level_ && b->level_ == a->level_;
  });
  const std::size_t count = first == pages_.end() ? 1 : 2;
  if (count == 1) first = least;

  struct Survivor {
    SampleWeight weight;
    std::span<const std::byte> packed;
  };
  std::vector<Survivor> kept;
  std::size_t size = 0;
  std::uint64_t coins = 0;
  unsigned coins_left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    (*(first + static_cast<std::ptrdiff_t>(i)))
        ->visit([&](const SampleWeight& weight, std::span<const std::byte> packed) {
          if (coins_left == 0) coins = random_.next(), coins_left = 64;
          --coins_left;
          const bool is_kept = (coins & 1U) != 0;
          coins >>= 1U;
          if (!is_kept) return;
          kept.push_back({{.ended = weight.ended,
                           .weight = 2 * weight.weight,
                           .chosen_weight = 2 * weight.chosen_weight},
                          packed});
          size += sizeof(Page::Entry) + packed.size();
        });
  }
  auto thinned = std::make_shared<Page>(std::max<std::size_t>(size, 1), (*first)->level_ + 1);
  for (const Survivor& one : kept) {
    const auto room = thinned->begin_entry(one.weight, one.packed.size());
    std::memcpy(room.data(), one.packed.data(), one.packed.size());
    thinned->end_entry(one.packed.size());
  }
  for (std::size_t i = 0; i < count; ++i) {
    bytes_ -= (*(first + static_cast<std::ptrdiff_t>(i)))->capacity_;
  }
  bytes_ += thinned->capacity_;
  *first = std::move(thinned);
  if (count == 2) pages_.erase(first + 1);
}

void SampleLog::expire(BootTime oldest) noexcept {
  bool is_changed = false;
  while (!pages_.empty() && pages_.front()->last_ < oldest) {
    bytes_ -= pages_.front()->capacity_;
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
