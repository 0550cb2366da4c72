// Where the records of one worker are freed: by that worker.
//
//   const auto home = std::make_shared<OwnerThreadAllocator>();
//   RecordPointer record = home->make(std::move(facts));   // the worker
//   record.reset();                                        // any thread
//
// glibc's malloc has a lock for the memory that a thread has allocated. If the threads of outputs
// freed records, which they do when there is time, the worker would wait for that lock whenever one
// of them is put to sleep with it held. So a record that nobody points to any more is put on a
// list, and the worker frees what is on it when it makes the next one.
//
// Thread safety: make() is for one thread; pointers are let go of by any. Records keep their home
// alive. Bounded: a list that the worker has not come for, since it records nothing any more, is
// freed by whoever finds it too long.
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

  /// Records that are on the list, as it was a moment ago.
  std::size_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

  /// As many as may be on it: a megabyte or two.
  static constexpr std::size_t kMaxWaiting = 1'024;

 private:
  struct Place {
    Record record;
    Place* next = nullptr;
  };

  void take_back(Place* place) noexcept;
  void free_all() noexcept;

  // A stack. release when a place is put on it, acquire when all are taken: whoever frees a record
  // sees it as the last one that had it left it.
  std::atomic<Place*> returned_{nullptr};
  // Relaxed: only how long it is, nearly.
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace osproxy
