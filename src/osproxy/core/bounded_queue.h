// A queue between threads that never grows beyond its capacity and never blocks its writers.
//
//   BoundedQueue<Line> queue(4'096);
//   if (!queue.push(std::move(line))) ++dropped;                // any thread
//   std::vector<Line> batch = queue.take_all(250ms, stop);      // the consumer
//
// The consumer takes all items at once, so that a busy queue costs one wake-up for each batch and
// not for each item.
//
// Thread safety: every member may be called from any thread. Ownership: items belong to the queue
// until they are taken. Invariant: size() <= capacity, always; the order is first in, first out.
// Not for several consumers that need fairness among them.
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

  /// Appends `item`. False if the queue is full; the item is then lost. May throw std::bad_alloc;
  /// the queue is then unchanged.
  [[nodiscard]] bool push(T item) {
    {
      const std::lock_guard lock(mutex_);
      if (items_.size() >= capacity_) return false;
      items_.push_back(std::move(item));
      if (items_.size() > 1) return true;  // the first item has woken the consumer
    }
    not_empty_.notify_one();
    return true;
  }

  /// Takes all items, oldest first. Waits for the first one for at most `patience`, or until `stop`
  /// is requested; then returns none.
  std::vector<T> take_all(std::chrono::nanoseconds patience, const std::stop_token& stop) {
    std::vector<T> taken;
    std::unique_lock lock(mutex_);
    not_empty_.wait_for(lock, stop, patience, [this] { return !items_.empty(); });
    if (items_.empty()) return taken;
    // Gives the writers as much room as this batch needed, allocated by this thread without the
    // lock: a thread that serves requests should neither allocate it nor wait for that.
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
