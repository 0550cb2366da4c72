// Room for a body that passes through: small at first and for a slow reader, large for a body that
// flows, because fewer system calls cost less.
//
//   TransferBuffer buffer(buffers);                       // one for each body
//   const std::span<char> room = buffer.room();           // good until the next room()
//   buffer.was_read(co_await receive_into(room));
//   if (!co_await send(room)) buffer.had_to_wait();       // the other side did not take it at once
//
// A worker has one TransferBuffers. Belongs to one worker; the buffers must outlive each buffer.
// Invariant: a worker lends at most kMaxLarge large ones at a time, so that thousands of slow
// readers cannot hold them all.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "osproxy/net/object_pool.h"

namespace osproxy {

struct TransferBuffers {
  struct Small {
    std::array<char, 64 * 1024> bytes;
  };
  struct Large {
    std::array<char, 256 * 1024> bytes;
  };

  static constexpr std::size_t kMaxLarge = 16;

  // Kept for reuse: a megabyte of each.
  ObjectPool<Small> small{16};
  ObjectPool<Large> large{4};
  std::size_t large_lent = 0;
};

class TransferBuffer {
 public:
  explicit TransferBuffer(TransferBuffers& buffers) noexcept : buffers_(buffers) {}
  ~TransferBuffer() { give_back_large(); }
  TransferBuffer(const TransferBuffer&) = delete;
  TransferBuffer& operator=(const TransferBuffer&) = delete;

  /// Room to read into. The earlier contents are gone.
  std::span<char> room() {
    if (!flows_) {
      give_back_large();
    } else if (!large_ && buffers_.large_lent < TransferBuffers::kMaxLarge) {
      small_.reset();
      large_.emplace(buffers_.large);
      ++buffers_.large_lent;
    }
    if (large_) return (*large_)->bytes;
    if (!small_) small_.emplace(buffers_.small);
    return (*small_)->bytes;
  }

  /// A read returned `size` bytes.
  void was_read(std::size_t size) noexcept { flows_ = size >= sizeof(TransferBuffers::Small); }

  /// True if `bytes` stand in the buffer.
  bool holds(std::string_view bytes) const noexcept {
    const auto is_in = [&](const auto& pool_buffer) {
      return pool_buffer && bytes.data() >= (*pool_buffer)->bytes.data() &&
             bytes.data() < (*pool_buffer)->bytes.data() + (*pool_buffer)->bytes.size();
    };
    return is_in(small_) || is_in(large_);
  }

  void had_to_wait() noexcept { flows_ = false; }

 private:
  void give_back_large() noexcept {
    if (!large_) return;
    large_.reset();
    --buffers_.large_lent;
  }

  TransferBuffers& buffers_;
  std::optional<PooledObject<TransferBuffers::Small>> small_;
  std::optional<PooledObject<TransferBuffers::Large>> large_;
  bool flows_ = false;
};

}  // namespace osproxy
