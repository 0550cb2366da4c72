// A hint to the processor: memory that is going to be written, in microseconds rather than at once.
//
// For rings and logs on the request path that are larger than the caches: each write would wait for
// memory, or whoever takes a lock behind it.
#pragma once

#include <cstddef>

namespace osproxy {

/// Costs an instruction for each 64 bytes, and never faults.
inline void prefetch_to_write(const void* at, std::size_t bytes) noexcept {
  constexpr std::size_t kLineBytes = 64;  // of a cache
  constexpr int kToWrite = 1;
  for (std::size_t offset = 0; offset < bytes; offset += kLineBytes) {
    __builtin_prefetch(static_cast<const std::byte*>(at) + offset, kToWrite);
  }
}

}  // namespace osproxy
