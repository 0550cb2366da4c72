#include "osproxy/observe/shards/owner_thread_allocator.h"

#include <utility>

namespace osproxy {

OwnerThreadAllocator::~OwnerThreadAllocator() { free_all(); }

RecordPointer OwnerThreadAllocator::make(Record record) {
  free_all();
  auto node = std::make_unique<Node>(std::move(record));
  const Record* const made = &node->record;
  // If shared_ptr cannot allocate its control block, it calls the deleter too.
  return RecordPointer(made, [owner = shared_from_this(), node = node.release()](const Record*) {
    owner->push_freed(node);
  });
}

void OwnerThreadAllocator::push_freed(Node* node) noexcept {
  // Counted before it is pushed, so that free_all() on another thread cannot subtract it first.
  const std::size_t before = pending_.fetch_add(1, std::memory_order_relaxed);
  Node* top = freed_.load(std::memory_order_relaxed);
  do {
    node->next = top;
  } while (!freed_.compare_exchange_weak(top, node, std::memory_order_release,
                                         std::memory_order_relaxed));
  if (before >= kMaxPending) free_all();
}

void OwnerThreadAllocator::free_all() noexcept {
  if (freed_.load(std::memory_order_relaxed) == nullptr) return;
  std::size_t count = 0;
  for (Node* node = freed_.exchange(nullptr, std::memory_order_acquire); node != nullptr;) {
    delete std::exchange(node, node->next);
    ++count;
  }
  pending_.fetch_sub(count, std::memory_order_relaxed);
}

}  // namespace osproxy
