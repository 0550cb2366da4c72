#include "osproxy/core/block_queue.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "osproxy/core/prefetch.h"

namespace osproxy {
namespace {

// Precedes each block.
struct alignas(std::max_align_t) Header {
  std::size_t size;    // of the block
  std::size_t unused;  // at the end of the previous piece, which had no room for this block
};

constexpr std::size_t rounded_up(std::size_t size) noexcept {
  constexpr std::size_t kUnit = alignof(std::max_align_t);
  return (size + kUnit - 1) / kUnit * kUnit;
}

}  // namespace

std::size_t BlockQueue::memory_of(std::size_t size) noexcept {
  return sizeof(Header) + rounded_up(size);
}

std::size_t BlockQueue::cost_of(std::size_t size) const noexcept {
  const std::size_t room = memory_of(size);
  return room <= room_left() ? room : room + room_left();
}

std::span<std::byte> BlockQueue::push(std::size_t size) {
  const std::size_t room = memory_of(size);
  const std::size_t cost = cost_of(size);
  if (room > room_left()) add_piece(std::max(room, piece_bytes_));
  Piece& piece = pieces_.back();
  std::byte* const at = piece.memory.get() + piece.end;
  new (at) Header{.size = size, .unused = cost - room};
  piece.end += room;
  bytes_ += cost;
  ++blocks_;
  return {at + sizeof(Header), size};
}

void BlockQueue::pop() noexcept {
  assert(!empty());
  Piece& piece = pieces_.front();
  const auto& header =
      *std::launder(reinterpret_cast<const Header*>(piece.memory.get() + piece.begin));
  const std::size_t room = memory_of(header.size);
  bytes_ -= room + header.unused;
  piece.begin += room;
  --blocks_;
  if (piece.begin == piece.end) let_go_of_first_piece();
}

void BlockQueue::prefetch(std::size_t size) const noexcept {
  if (empty()) return;
  const Piece& first = pieces_.front();
  prefetch_to_write(first.memory.get() + first.begin, sizeof(Header));
  const std::size_t room = memory_of(size);
  if (room <= room_left()) {
    prefetch_to_write(pieces_.back().memory.get() + pieces_.back().end, room);
  } else if (spare_) {
    prefetch_to_write(spare_->memory.get(), std::min(room, spare_->capacity));
  }
}

std::size_t BlockQueue::room_left() const noexcept {
  return pieces_.empty() ? 0 : pieces_.back().capacity - pieces_.back().end;
}

void BlockQueue::add_piece(std::size_t bytes) {
  if (spare_ && spare_->capacity >= bytes) {
    pieces_.push_back(*std::exchange(spare_, std::nullopt));
  } else {
    pieces_.emplace_back(bytes);
  }
}

void BlockQueue::let_go_of_first_piece() noexcept {
  Piece piece = std::move(pieces_.front());
  pieces_.pop_front();
  if (piece.capacity != piece_bytes_) return;
  piece.begin = piece.end = 0;
  spare_.emplace(std::move(piece));
}

}  // namespace osproxy
