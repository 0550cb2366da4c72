// Waiting for a condition instead of for a time.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace osproxy {

/// True as soon as `condition` is; false if it is not within `limit`, which is generous: it is
/// there to end a broken test, not to measure.
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
