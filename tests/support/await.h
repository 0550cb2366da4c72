// Waits for a condition, so that no test waits for a time.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace osproxy {

/// Returns true as soon as `condition` holds, and false if it does not hold within `limit`. The
/// limit is generous: it ends a broken test, and measures nothing.
inline bool await(const std::function<bool()>& condition,
                  std::chrono::seconds limit = std::chrono::seconds{60}) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  return true;
}

}  // namespace osproxy
