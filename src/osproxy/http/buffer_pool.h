// Large buffers for bodies that are longer than what came with the head: borrowed while a body is
// on its way, so that an idle connection holds none. Belongs to one worker.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace osproxy::http {

class BufferPool {
 public:
  /// Large enough that a megabyte is a few system calls, small enough for many slow readers.
  static constexpr std::size_t kBufferSize = 64 * 1024;
  /// Kept for the next body; more than these are freed.
  static constexpr std::size_t kMaxKept = 16;

  class Loan {
   public:
    explicit Loan(BufferPool& pool) : pool_(pool), bytes_(pool.take()) {}
    ~Loan() { pool_.give_back(std::move(bytes_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    std::span<char> room() noexcept { return {bytes_.get(), kBufferSize}; }

   private:
    BufferPool& pool_;
    std::unique_ptr<char[]> bytes_;
  };

 private:
  std::unique_ptr<char[]> take() {
    if (kept_.empty()) return std::make_unique_for_overwrite<char[]>(kBufferSize);
    auto bytes = std::move(kept_.back());
    kept_.pop_back();
    return bytes;
  }

  void give_back(std::unique_ptr<char[]> bytes) {
    if (kept_.size() < kMaxKept) kept_.push_back(std::move(bytes));
  }

  std::vector<std::unique_ptr<char[]>> kept_;
};

}  // namespace osproxy::http
