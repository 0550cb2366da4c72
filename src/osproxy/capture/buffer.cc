#include "osproxy/capture/buffer.h"

#include <algorithm>
#include <exception>

#include "osproxy/core/field_name.h"

namespace osproxy {
namespace {

/// Headers from which proxies, OpenSearch and its cloud offers take tokens. Compared without case.
constexpr std::string_view kSecretHeaders[] = {
    "authorization",     "proxy-authorization",      "cookie",     "set-cookie",
    "x-debug-directive", "x-amz-security-token",     "x-api-key",  "x-auth-token",
    "x-access-token",    "x-forwarded-access-token", "x-id-token", "x-jwt-assertion"};

/// Memory of a buffer without its text: the object, and the ids and names set at its end.
constexpr std::size_t kOverheadBytes = sizeof(CaptureBuffer) + 1'024;

}  // namespace

bool holds_credentials(std::string_view header, const CaptureRules& rules) noexcept {
  const auto is_it = [header](std::string_view name) { return equal_names(header, name); };
  return std::ranges::any_of(kSecretHeaders, is_it) ||
         std::ranges::any_of(rules.secret_headers, is_it);
}

bool CaptureMemory::reserve(std::size_t bytes) noexcept {
  const std::size_t before = held_.fetch_add(bytes, std::memory_order_relaxed);
  if (before <= limit_ && bytes <= limit_ - before) return true;
  release(bytes);
  return false;
}

bool CaptureBuffer::reserve(std::size_t bytes) noexcept {
  if (!memory_.reserve(bytes)) return false;
  reserved_ += bytes;
  return true;
}

bool CaptureBuffer::request(std::string_view method, std::string_view target) {
  if (!reserve(kOverheadBytes + method.size() + target.size())) return false;
  exchange.method = method;
  exchange.target = target;
  return true;
}

void CaptureBuffer::response(int status) {
  exchange.response_status = status;
  exchange.response.emplace();
}

bool CaptureBuffer::header(CapturedMessage& message, std::string_view name,
                           std::string_view value) {
  const bool strip = !rules_.credentials && holds_credentials(name, rules_);
  // Twice, because a vector that grows has a capacity of up to twice its size.
  const std::size_t size = name.size() + (strip ? 0 : value.size());
  if (!reserve(2 * sizeof(CapturedHeader) + size)) return false;
  if (strip) {
    message.stripped.emplace_back(name);
  } else {
    message.headers.push_back({.name = std::string(name), .value = std::string(value)});
  }
  return true;
}

void CaptureBuffer::body(CapturedMessage& message, std::string_view piece) noexcept {
  message.body_bytes += piece.size();
  if (message.truncated) return;  // a body has no gaps
  const std::size_t room = rules_.body_bytes - message.body.size();
  message.truncated = piece.size() > room;
  piece = piece.substr(0, room);
  if (make_room(message.body, piece.size())) {
    message.body.append(piece);
  } else {
    message.truncated = true;
  }
}

bool CaptureBuffer::make_room(std::string& body, std::size_t more) noexcept {
  const std::size_t size = body.size() + more;
  if (size <= body.capacity()) return true;
  const std::size_t before = body.capacity();
  const std::size_t wanted = std::max(size, 2 * before);
  if (!reserve(wanted - before)) return false;
  try {
    body.reserve(wanted);
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void CaptureBuffer::finish(const Ends& ends) noexcept {
  if (!ends.request_whole) exchange.request.truncated = true;
  if (exchange.response && !ends.response_whole) exchange.response->truncated = true;
}

}  // namespace osproxy
