// Collects one exchange while it passes through the proxy, within a bound for each body and one
// that all buffers share.
//
//   CaptureMemory memory(64 << 20);
//   CaptureBuffer buffer(memory, rules);
//   if (!buffer.request("POST", "/orders/_search")) return;  // no room: capture nothing
//   if (!buffer.request_header("Host", "a")) return;
//   buffer.request_body(piece);
//   buffer.response(200);
//   buffer.response_body(piece);
//   buffer.finish({.request_whole = true, .response_whole = true});
//
// A body that exceeds its bound, or for which the shared memory has no room, is truncated and
// marked. The exchange itself never waits. The destructor releases the memory, so that buffers in
// the writer's queue count as well.
//
// Thread safety: a buffer has one owner at a time; CaptureMemory is safe from all threads.
// Ownership: the memory and the rules must outlive the buffer.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/capture/exchange.h"

namespace osproxy {

/// Bounds the bytes of all buffers together.
class CaptureMemory {
 public:
  explicit CaptureMemory(std::size_t limit) noexcept : limit_(limit) {}

  /// False if they would exceed the limit; nothing is reserved then.
  [[nodiscard]] bool reserve(std::size_t bytes) noexcept;
  void release(std::size_t bytes) noexcept { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> held_{0};  // relaxed: a sum that orders nothing
};

struct CaptureRules {
  std::size_t body_bytes = std::size_t{1} << 20;  ///< at most so many of each body are kept
  bool credentials = false;                       ///< keep headers that hold credentials
  std::vector<std::string> secret_headers{};      ///< more headers that hold credentials
};

/// True for a header that holds credentials, known or listed in `rules`; ignores case.
bool holds_credentials(std::string_view header, const CaptureRules& rules) noexcept;

class CaptureBuffer {
 public:
  CaptureBuffer(CaptureMemory& memory, const CaptureRules& rules)
      : memory_(memory), rules_(rules) {}
  ~CaptureBuffer() { memory_.release(reserved_); }
  CaptureBuffer(const CaptureBuffer&) = delete;
  CaptureBuffer& operator=(const CaptureBuffer&) = delete;

  /// The heads. False if there is no room; discard the buffer then.
  [[nodiscard]] bool request(std::string_view method, std::string_view target);
  [[nodiscard]] bool request_header(std::string_view name, std::string_view value) {
    return header(exchange.request, name, value);
  }
  void response(int status);
  [[nodiscard]] bool response_header(std::string_view name, std::string_view value) {
    return header(*exchange.response, name, value);
  }

  /// Appends a piece of a body. Never fails: without room the body is truncated.
  void request_body(std::string_view piece) noexcept { body(exchange.request, piece); }
  void response_body(std::string_view piece) noexcept {
    if (exchange.response) body(*exchange.response, piece);
  }

  struct Ends {
    bool request_whole;   ///< the body arrived to its end
    bool response_whole;  ///< likewise
  };
  void finish(const Ends& ends) noexcept;

  CapturedExchange exchange;  ///< the owner sets the other fields, such as the ids and times

 private:
  bool reserve(std::size_t bytes) noexcept;
  bool header(CapturedMessage& message, std::string_view name, std::string_view value);
  void body(CapturedMessage& message, std::string_view piece) noexcept;
  bool make_room(std::string& body, std::size_t more) noexcept;

  CaptureMemory& memory_;
  const CaptureRules& rules_;
  std::size_t reserved_ = 0;
};

}  // namespace osproxy
