// A FIFO queue of byte blocks, stored in a few large pieces of memory.
//
//   BlockQueue queue(64 << 10);
//   std::span<std::byte> block = queue.push(size);    // does not move until it is popped
//   while (queue.bytes() > bound) queue.pop();
//
// push() and pop() neither touch the bytes of older blocks nor call malloc for each block: a piece
// whose blocks are all popped is reused.
//
// Thread safety: not thread-safe. Ownership: the queue owns the blocks. It can neither be moved nor
// copied, since its users keep pointers into the blocks.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>

namespace osproxy {

class BlockQueue {
 public:
  /// `piece_bytes` is the size of an allocation; a larger block gets a separate piece.
  explicit BlockQueue(std::size_t piece_bytes) : piece_bytes_(piece_bytes) {}
  BlockQueue(const BlockQueue&) = delete;
  BlockQueue& operator=(const BlockQueue&) = delete;

  /// Appends a block of `size` bytes, aligned as malloc aligns and not initialized. May throw
  /// std::bad_alloc; the queue is then unchanged.
  std::span<std::byte> push(std::size_t size);

  /// Removes the oldest block. There must be one.
  void pop() noexcept;

  /// Tells the processor that the oldest block will soon be read and a block of `size` bytes
  /// pushed, so that neither waits for memory outside the caches.
  void prefetch(std::size_t size) const noexcept;

  std::size_t size() const noexcept { return blocks_; }
  bool empty() const noexcept { return blocks_ == 0; }

  /// Memory of the blocks, and the unused rest at the end of each piece. Does not count the unused
  /// room at both ends of the queue and the piece in reserve: together less than three pieces.
  std::size_t bytes() const noexcept { return bytes_; }

  /// How much push(size) would add to bytes(); memory_of(size) in an empty queue.
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
