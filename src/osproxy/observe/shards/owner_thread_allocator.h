// Returns records to the worker that allocated them, so that workers do not contend for malloc's
// arenas.
//
//   const auto allocator = std::make_shared<OwnerThreadAllocator>();
//   RecordPointer record = allocator->make(std::move(made));  // on the worker
//   record.reset();                                          // on any thread
//
// glibc's malloc locks the arena of a thread while another thread frees memory of it. The threads
// of outputs have a low priority: one of them may be preempted while it holds that lock, and the
// worker would wait. Therefore the last owner of a record only pushes it onto a list, and the
// worker frees that list when it makes the next record.
//
// Bounded: if the worker makes no more records, the thread that pushes onto a full list frees it.
//
// Thread safety: make() belongs to one thread; pointers may be released on any. Ownership: records
// keep the allocator alive.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "osproxy/observe/record_sink.h"
#include "osproxy/record/record.h"

namespace osproxy {

class OwnerThreadAllocator : public std::enable_shared_from_this<OwnerThreadAllocator> {
 public:
  OwnerThreadAllocator() = default;
  ~OwnerThreadAllocator();
  OwnerThreadAllocator(const OwnerThreadAllocator&) = delete;
  OwnerThreadAllocator& operator=(const OwnerThreadAllocator&) = delete;

  /// May throw std::bad_alloc.
  RecordPointer make(Record record);

  /// The number of records on the list; it may be a moment old.
  std::size_t pending() const noexcept { return pending_.load(std::memory_order_relaxed); }

  /// The bound of the list: a megabyte or two.
  static constexpr std::size_t kMaxPending = 1'024;

 private:
  struct Node {
    Record record;
    Node* next = nullptr;
  };

  void push_freed(Node* node) noexcept;
  void free_all() noexcept;

  // A stack. release when a node is pushed, acquire when all are taken: the thread that frees a
  // record sees all that its last owner did with it.
  std::atomic<Node*> freed_{nullptr};
  // Relaxed: an approximate length.
  std::atomic<std::size_t> pending_{0};
};

}  // namespace osproxy
