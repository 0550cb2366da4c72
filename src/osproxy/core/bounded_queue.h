// A queue between threads that never grows beyond its capacity and never makes a writer wait for
// room.
//
//   BoundedQueue<Line> queue(4'096);
//   if (!queue.push(std::move(line))) ++dropped;                // any thread
//   std::vector<Line> batch = queue.take_all(250ms, stop);      // the one that works it off
//
// Whoever takes gets all that is there at once, so that a busy queue costs a wake-up a batch rather
// than one an item.
//
// Thread safety: all of it. Ownership: items belong to the queue until they are taken.
// Invariant: size() <= capacity, always; items come out in the order in which they went in.
// Not for: several takers that need fairness between them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <stop_token>
#include <utility>
#include <vector>

namespace osproxy {

template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Puts `item` in. False if the queue is full; then the item is gone. May throw std::bad_alloc;
  /// then nothing has changed.
  [[nodiscard]] bool push(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
      if (items_.size() > 1) return true;  // whoever takes has been woken by the first
    }
    not_empty_.notify_one();
    return true;
  }

  /// Everything there is, oldest first; waits for the first item for at most `patience`, or until
  /// `stop` is requested. Empty if none came.
  std::vector<T> take_all(std::chrono::nanoseconds patience, const std::stop_token& stop) {
    std::vector<T> taken;
    std::unique_lock lock(mutex_);
    not_empty_.wait_for(lock, stop, patience, [this] { return !items_.empty(); });
    if (items_.empty()) return taken;
    // Whoever pushes finds as much room as was needed last, made by this thread with the queue
    // free: one that serves requests should neither grow it anew nor wait for that.
    const std::size_t room = items_.size();
    lock.unlock();
    taken.reserve(room);
    lock.lock();
    std::swap(taken, items_);
    return taken;
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

  std::size_t capacity() const noexcept { return capacity_; }

 private:
  const std::size_t capacity_;

  mutable std::mutex mutex_;
  std::condition_variable_any not_empty_;
  std::vector<T> items_;  // guarded by mutex_
};

}  // namespace osproxy
