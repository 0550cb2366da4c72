// Blocks of bytes, first in, first out, in a few large pieces of memory.
//
//   BlockQueue queue(64 << 10);
//   std::span<std::byte> block = queue.push(size);       // stays where it is until it is popped
//   while (queue.bytes() > bound) queue.pop();
//
// Neither push() nor pop() looks at an old block's bytes, or asks malloc for each: a piece whose
// blocks are all popped is used again.
//
// Thread safety: not thread-safe. Ownership: of the blocks; moves and copies are not offered, since
// others keep pointers into them.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>

namespace osproxy {

class BlockQueue {
 public:
  /// `piece_bytes`: how much memory is asked for at a time; a larger block gets a piece of its own.
  explicit BlockQueue(std::size_t piece_bytes) : piece_bytes_(piece_bytes) {}
  BlockQueue(const BlockQueue&) = delete;
  BlockQueue& operator=(const BlockQueue&) = delete;

  /// A block of `size` bytes at the end, aligned as malloc aligns; its content is whatever was
  /// there. May throw std::bad_alloc; then nothing has changed.
  std::span<std::byte> push(std::size_t size);

  /// Takes the oldest out. There must be one.
  void pop() noexcept;

  /// A hint that the oldest block is going to be looked at, and one of `size` bytes pushed, in a
  /// while: then neither has to wait for memory that no cache holds any more.
  void prefetch(std::size_t size) const noexcept;

  std::size_t size() const noexcept { return blocks_; }
  bool empty() const noexcept { return blocks_ == 0; }

  /// What the blocks take, and what stays unused at the end of their pieces. Beside that: what is
  /// unused at both ends of the queue and a piece in reserve, less than three pieces together.
  std::size_t bytes() const noexcept { return bytes_; }

  /// What push(size) would add to it. In an empty queue, that is memory_of(size).
  std::size_t cost_of(std::size_t size) const noexcept;
  static std::size_t memory_of(std::size_t size) noexcept;

 private:
  struct Piece {
    explicit Piece(std::size_t bytes)
        : memory(std::make_unique_for_overwrite<std::byte[]>(bytes)), capacity(bytes) {}

    std::unique_ptr<std::byte[]> memory;
    std::size_t capacity;
    std::size_t begin = 0;  // of the oldest block
    std::size_t end = 0;    // of the newest
  };

  std::size_t room_left() const noexcept;
  void add_piece(std::size_t bytes);
  void let_go_of_first_piece() noexcept;

  const std::size_t piece_bytes_;
  std::deque<Piece> pieces_;    // oldest first, none of them empty
  std::optional<Piece> spare_;  // of piece_bytes_
  std::size_t blocks_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace osproxy
