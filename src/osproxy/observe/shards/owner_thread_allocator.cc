#include "osproxy/observe/shards/owner_thread_allocator.h"

#include <utility>

namespace osproxy {

OwnerThreadAllocator::~OwnerThreadAllocator() { free_all(); }

RecordPointer OwnerThreadAllocator::make(Record record) {
  free_all();
  auto place = std::make_unique<Place>(std::move(record));
  const Record* const made = &place->record;
  // shared_ptr calls the deleter also if it cannot be made itself.
  return RecordPointer(made, [home = shared_from_this(), place = place.release()](const Record*) {
    home->take_back(place);
  });
}

void OwnerThreadAllocator::take_back(Place* place) noexcept {
  // Counted before it is on the list: whoever frees it must not count it off first.
  const std::size_t before = waiting_.fetch_add(1, std::memory_order_relaxed);
  Place* top = returned_.load(std::memory_order_relaxed);
  do {
    place->next = top;
  } while (!returned_.compare_exchange_weak(top, place, std::memory_order_release,
                                            std::memory_order_relaxed));
  if (before >= kMaxWaiting) free_all();
}

void OwnerThreadAllocator::free_all() noexcept {
  if (returned_.load(std::memory_order_relaxed) == nullptr) return;
  std::size_t freed = 0;
  for (Place* place = returned_.exchange(nullptr, std::memory_order_acquire); place != nullptr;) {
    delete std::exchange(place, place->next);
    ++freed;
  }
  waiting_.fetch_sub(freed, std::memory_order_relaxed);
}

}  // namespace osproxy
