// A number that one thread writes and any thread reads.
//
// All accesses are relaxed: the number is a statistic that orders nothing else. Since there is one
// writer, a load and a store lose no update and need no locked instruction.
#pragma once

#include <atomic>
#include <cstdint>

namespace osproxy {

class SingleWriterCounter {
 public:
  void add(std::uint64_t by) noexcept { set(get() + by); }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t get() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace osproxy
