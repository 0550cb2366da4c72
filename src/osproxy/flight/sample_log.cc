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

// A page is the unit in which samples are dropped: a small part of the log.
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

bool SampleLog::Page::append(const SampleWeight& weight, const Record& record,
                             std::size_t size) noexcept {
  const std::size_t used = used_.load(std::memory_order_relaxed);
  if (sizeof(Entry) + size > capacity_ - used) return false;
  const Entry entry{.weight = weight, .size = size};
  std::memcpy(bytes_.get() + used, &entry, sizeof(entry));
  pack(record, {bytes_.get() + used + sizeof(entry), size});
  last_ = std::max(last_, weight.ended);
  used_.store(used + sizeof(entry) + size, std::memory_order_release);
  return true;
}

SampleLog::SampleLog(std::size_t max_bytes) noexcept
    : page_bytes_(std::clamp(max_bytes / kPages, kMinPageBytes, kMaxPageBytes)),
      max_pages_(std::max<std::size_t>(max_bytes / page_bytes_, 2)) {}

std::size_t SampleLog::append(const SampleWeight& weight, const Record& record) noexcept {
  if (!is_published_) publish();
  const std::size_t size = packed_size(record);
  if (sizeof(Page::Entry) + size > page_bytes_) return 0;
  if (pages_.empty() || !pages_.back()->append(weight, record, size)) {
    if (!add_page() || !pages_.back()->append(weight, record, size)) return 0;
  }
  return sizeof(Page::Entry) + size;
}

bool SampleLog::add_page() noexcept {
  if (pages_.size() == max_pages_) make_room();
  bool is_added = true;
  try {
    pages_.push_back(std::make_shared<Page>(page_bytes_));
  } catch (const std::bad_alloc&) {
    is_added = false;
  }
  publish();
  return is_added;
}

void SampleLog::make_room() noexcept {
  const BootTime last = pages_.front()->last_;
  pages_.pop_front();
  complete_since_.store(last.time_since_epoch().count(), std::memory_order_relaxed);
}

void SampleLog::expire(BootTime oldest) noexcept {
  bool is_changed = false;
  while (!pages_.empty() && pages_.front()->last_ < oldest) {
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
