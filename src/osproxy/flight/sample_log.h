// The samples of one worker, within a bound of bytes: the worker appends, readers read what is
// there, and neither waits for the other.
//
//   SampleLog log(1 << 20, Random(1));
//   log.append({.ended = now.boot, .weight = 4}, record);       // the worker
//   log.expire(now.boot - 10min);
//   for (const auto& page : log.pages()) page->visit(use);      // any thread
//
// How readers read. Samples are packed one after the other into pages. A page's bytes never change
// once the page counts them, and the count is published with release order: a reader that has read
// the count may read the bytes, while the worker writes behind them. Only the list of pages is
// guarded by a mutex. Readers hold it while they copy the list, and the worker only tries to take
// it, when it begins or drops a page: if a reader has it, the worker goes on and tries again at the
// next sample.
//
// How a full log makes room. The oldest samples are not dropped, or a flood would leave nothing but
// itself. Instead the log thins them out: of two old pages, it keeps each sample with probability
// 1/2, and doubles its weights, which then still estimate the same sums. It takes pages that have
// been thinned least, the oldest first. So the last seconds are the most exact, and all of the time
// is covered.
//
// Samples are of several kinds. Only the kinds that take most of the log are thinned: of those that
// are rare, each sample counts more than the room that it takes.
//
// A reader that holds pages keeps them alive after the worker has dropped them.
//
// Thread safety: append(), expire() and bytes() on the worker's thread; pages() on any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/core/random.h"
#include "osproxy/record/packed_record.h"
#include "osproxy/record/record.h"

namespace osproxy {

/// The numbers of a sample that are no part of its record. A regular value.
struct SampleWeight {
  BootTime ended{};
  /// Requests of its kind that it stands for: slow and failed ones are one kind, all others the
  /// other. 0: it stands for none, because others of its kind do.
  double weight = 1;
  /// Likewise, but 0 for a request whose body could have been read and was not: what the body tells
  /// is known of the others only.
  double chosen_weight = 0;
};

class SampleLog {
 public:
  static constexpr std::uint32_t kKinds = 64;

  /// Samples in the order of their ends.
  class Page {
   public:
    Page(std::size_t capacity, unsigned level)
        : bytes_(std::make_unique_for_overwrite<std::byte[]>(capacity)),
          capacity_(capacity),
          level_(level) {}

    /// Calls `use(const SampleWeight&, std::span<const std::byte> packed)` for each sample. Any
    /// thread.
    template <class Function>
    void visit(Function&& use) const {
      visit_entries([&use](const Entry& entry, std::span<const std::byte> packed) {
        use(entry.weight, packed);
      });
    }

   private:
    friend class SampleLog;

    struct Entry {
      SampleWeight weight;
      std::uint32_t size;
      std::uint32_t kind;
    };

    template <class Function>
    void visit_entries(Function&& use) const {
      std::size_t at = 0;
      const std::size_t end = used_.load(std::memory_order_acquire);
      while (at < end) {
        const Entry entry = read_entry(at);
        use(entry, std::span<const std::byte>(bytes_.get() + at + sizeof(Entry), entry.size));
        at += sizeof(Entry) + entry.size;
      }
    }
    bool has_any_of(std::uint64_t kinds) const noexcept;
    Entry read_entry(std::size_t at) const noexcept;
    /// Room for a packed record of so many bytes; empty: there is none.
    std::span<std::byte> begin_entry(const Entry& entry) noexcept;
    void end_entry(std::size_t size) noexcept;

    const std::unique_ptr<std::byte[]> bytes_;
    const std::size_t capacity_;
    std::atomic<std::size_t> used_{0};
    // The worker's.
    unsigned level_;                                  // how often its samples were thinned
    BootTime last_{};                                 // when the newest ended
    std::array<std::uint32_t, kKinds> kind_bytes_{};  // by kind
  };
  using PagePointer = std::shared_ptr<const Page>;

  SampleLog(std::size_t max_bytes, Random random) noexcept;
  SampleLog(const SampleLog&) = delete;
  SampleLog& operator=(const SampleLog&) = delete;

  /// Keeps the sample. Returns the bytes that it takes; 0 if it is too large, or if there is no
  /// memory. `kind`: less than kKinds.
  std::size_t append(const SampleWeight& weight, const Record& record,
                     std::uint32_t kind = 0) noexcept;

  /// Drops the pages whose samples have all ended before `oldest`.
  void expire(BootTime oldest) noexcept;

  /// The memory of all pages.
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t max_bytes() const noexcept { return max_bytes_; }

  /// Oldest first. May throw std::bad_alloc.
  std::vector<PagePointer> pages() const;

 private:
  using Pages = std::deque<std::shared_ptr<Page>>;

  /// Samples of one page that stay.
  struct Survivors {
    std::vector<std::pair<Page::Entry, std::span<const std::byte>>> entries;
    std::size_t bytes = 0;
  };

  bool add_page();
  void thin_out();
  void count(const Page& page, int sign) noexcept;
  void replace(std::shared_ptr<Page>& page, std::shared_ptr<Page> by) noexcept;
  std::uint64_t largest_kinds() const noexcept;
  Survivors thin(const Page& page, std::uint64_t kinds);
  static void write(const Survivors& survivors, Page& page) noexcept;
  void publish() noexcept;

  const std::size_t max_bytes_;
  const std::size_t page_bytes_;

  // The worker's.
  Random random_;
  Pages pages_;  // oldest first
  std::size_t bytes_ = 0;
  std::array<std::size_t, kKinds> kind_bytes_{};  // of samples, by kind
  bool is_published_ = true;                      // shown_ has the same pages

  mutable std::mutex mutex_;
  std::vector<PagePointer> shown_;  // guarded by mutex_
};

}  // namespace osproxy
