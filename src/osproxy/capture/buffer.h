// What is collected of one exchange while it passes by, within a bound of its own and one that all
// buffers share.
//
//   CaptureMemory memory(64 << 20);
//   auto buffer = std::make_unique<CaptureBuffer>(memory, rules);
//   buffer->request("POST", "/orders/_search");
//   buffer->request_header("Host", "a");  buffer->request_body(piece);  …
//   buffer->response(200);  buffer->response_body(piece);  …
//   buffer->finish({.request_whole = true, .response_whole = true});
//
// A body that is longer than the bound, or for which the shared memory has no room, is cut off and
// marked; the exchange itself is not held up. The memory is given back by the destructor, so that
// what waits to be written counts as well.
//
// Thread safety: a buffer has one owner at a time; CaptureMemory is for all of them. Ownership: the
// memory and the rules must outlive the buffer.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/capture/exchange.h"

namespace osproxy {

/// Bytes that all buffers may hold together.
class CaptureMemory {
 public:
  explicit CaptureMemory(std::size_t limit) noexcept : limit_(limit) {}

  /// False if there is no room for that many.
  [[nodiscard]] bool reserve(std::size_t bytes) noexcept;
  void release(std::size_t bytes) noexcept { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> held_{0};  // relaxed: a sum that orders nothing
};

struct CaptureRules {
  std::size_t body_bytes = std::size_t{1} << 20;  ///< kept of each body
  bool credentials = false;                       ///< keep the headers that hold some
  std::vector<std::string> secret_headers{};      ///< that hold some, beside the known ones
};

/// A header whose value lets somebody in, compared without case.
bool holds_credentials(std::string_view header, const CaptureRules& rules) noexcept;

class CaptureBuffer {
 public:
  CaptureBuffer(CaptureMemory& memory, const CaptureRules& rules)
      : memory_(memory), rules_(rules) {}
  ~CaptureBuffer() { memory_.release(reserved_); }
  CaptureBuffer(const CaptureBuffer&) = delete;
  CaptureBuffer& operator=(const CaptureBuffer&) = delete;

  /// The heads. False if there was no room: then the buffer is good for nothing.
  [[nodiscard]] bool request(std::string_view method, std::string_view target);
  [[nodiscard]] bool request_header(std::string_view name, std::string_view value) {
    return header(exchange.request, name, value);
  }
  void response(int status);
  [[nodiscard]] bool response_header(std::string_view name, std::string_view value) {
    return header(*exchange.response, name, value);
  }

  /// The next piece of a body. Never fails: what finds no room is cut off.
  void request_body(std::string_view piece) noexcept { body(exchange.request, piece); }
  void response_body(std::string_view piece) noexcept {
    if (exchange.response) body(*exchange.response, piece);
  }

  struct Ends {
    bool request_whole;  ///< its body came to its end
    bool response_whole;
  };
  void finish(const Ends& ends) noexcept;

  CapturedExchange exchange;  ///< what else is known is written here by the owner

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
