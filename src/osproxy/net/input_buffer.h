// Received bytes that are not consumed yet, contiguous: the in-place parsers read from here.
//
//   InputBuffer buffer;
//   const std::span<char> room = buffer.prepare(4096);
//   buffer.commit(receive(room));
//   buffer.consume(parse(buffer.view()));
//
// Views stay good until the next prepare(), append() or release_if_empty(). Belongs to one
// connection.
//
// A buffer of the usual size is a block that the thread keeps for reuse: a connection that waits
// for input holds none, and a request still allocates nothing.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace osproxy {

/// A free list of blocks, one for each thread.
class InputBlocks {
 public:
  /// Holds nearly every head together with a small body.
  static constexpr std::size_t kBlockSize = 8 * 1024;

  /// A kept block if that is the size, else new memory.
  static std::unique_ptr<char[]> take(std::size_t size) {
    if (size != kBlockSize || kept().empty()) return std::make_unique_for_overwrite<char[]>(size);
    auto block = std::move(kept().back());
    kept().pop_back();
    return block;
  }

  static void give_back(std::unique_ptr<char[]> block) {
    if (kept().size() < kMaxKept) kept().push_back(std::move(block));
  }

 private:
  /// More are freed, so that the memory of a burst is not held for ever.
  static constexpr std::size_t kMaxKept = 32;

  static std::vector<std::unique_ptr<char[]>>& kept() {
    thread_local std::vector<std::unique_ptr<char[]>> blocks;
    return blocks;
  }
};

class InputBuffer {
 public:
  InputBuffer() = default;
  ~InputBuffer() { give_back(); }
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;

  std::string_view view() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  std::span<char> mutable_view() noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }

  /// All the room there is after the received bytes; at least `least` bytes.
  std::span<char> prepare(std::size_t least) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (capacity_ - end_ < least) make_room(least);
    return {bytes_.get() + end_, capacity_ - end_};
  }

  /// The room after the received bytes that is there already: views stay good.
  std::span<char> room() noexcept { return {bytes_.get() + end_, capacity_ - end_}; }

  void commit(std::size_t size) noexcept {
    assert(size <= capacity_ - end_);
    end_ += size;
  }

  void consume(std::size_t size) noexcept {
    assert(size <= end_ - begin_);
    begin_ += size;
  }

  void append(std::string_view bytes) {
    if (bytes.empty()) return;
    std::memcpy(prepare(bytes.size()).data(), bytes.data(), bytes.size());
    commit(bytes.size());
  }

  /// Gives the memory back if nothing is in it: an idle connection holds none.
  void release_if_empty() noexcept {
    if (!empty()) return;
    give_back();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  void make_room(std::size_t least) {
    const std::size_t size = end_ - begin_;
    if (capacity_ - size >= least) {
      std::memmove(bytes_.get(), bytes_.get() + begin_, size);
    } else {
      const std::size_t capacity = std::max({2 * capacity_, size + least, InputBlocks::kBlockSize});
      auto bytes = InputBlocks::take(capacity);
      if (size > 0) std::memcpy(bytes.get(), bytes_.get() + begin_, size);
      give_back();
      bytes_ = std::move(bytes);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = size;
  }

  void give_back() {
    if (capacity_ == InputBlocks::kBlockSize) InputBlocks::give_back(std::move(bytes_));
    bytes_.reset();
  }

  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace osproxy
