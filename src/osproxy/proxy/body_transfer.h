// Bodies on their way: received bytes become payload, and payload becomes framed bytes.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/http/body.h"
#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"

namespace osproxy {

struct Decoded {
  std::string_view payload{};         ///< at the front of `bytes`
  std::size_t consumed = 0;           ///< of `bytes`; the rest belongs to the next message
  http::BodyReader::Status status{};  ///< NeedMore, Done or Bad
};

/// Removes the framing from `bytes`, in place: the payload moves to the front, so that many small
/// chunks leave as one. With Framing::Length nothing is moved.
Decoded decode_in_place(http::BodyReader& body, std::span<char> bytes);

/// A piece of a message.
struct Piece {
  std::string* head = nullptr;  ///< goes first, if any; is appended to
  std::string_view payload{};
  bool chunked = false;  ///< the payload is a chunk
  bool last = false;     ///< and the body ends here, with `trailers`
  std::string_view trailers{};
};

/// A piece with its framing, to be written once, in one system call if the kernel takes it:
///
///   OutgoingPiece out({.head = &head, .payload = payload});
///   error_code error = out.write_now(to);
///   if (error == asio::error::would_block) error = co_await out.write_rest(to, timeout);
///
/// The memory that the piece points to must stay until it is written.
class OutgoingPiece {
 public:
  explicit OutgoingPiece(const Piece& piece);
  OutgoingPiece(const OutgoingPiece&) = delete;
  OutgoingPiece& operator=(const OutgoingPiece&) = delete;

  error_code write_now(Connection& to) { return to.write_now(parts_); }
  Task<error_code> write_rest(Connection& to, std::chrono::milliseconds timeout) {
    return to.write(parts_, timeout);
  }

  /// The bytes of `payload`, the piece's, that were written so far.
  std::size_t sent_of(std::string_view payload) const noexcept;

 private:
  std::array<char, http::kChunkHeadRoom> size_line_;
  std::string end_;  // stays within the small string unless there are trailers
  std::array<asio::const_buffer, 3> parts_;
};

}  // namespace osproxy
