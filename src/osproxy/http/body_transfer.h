// Bodies on their way: received bytes become payload, payload becomes bytes with framing of ours.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "osproxy/http/asio_types.h"
#include "osproxy/http/body.h"
#include "osproxy/http/connection.h"

namespace osproxy::http {

struct Decoded {
  std::string_view payload{};   ///< at the front of `bytes`
  std::size_t consumed = 0;     ///< of `bytes`; the rest belongs to the next message
  BodyReader::Status status{};  ///< NeedMore, Done or Bad
};

/// Takes the framing out of `bytes`, in place: the payload is moved to the front, so that many
/// small chunks leave as one. With Framing::Length nothing is moved.
Decoded decode_in_place(BodyReader& body, std::span<char> bytes);

/// A piece of a message to be written in one go.
struct Piece {
  std::string* head = nullptr;  ///< goes first, if any; is appended to
  std::string_view payload{};
  bool chunked = false;  ///< the payload is a chunk
  bool last = false;     ///< and the body ends here, with `trailers`
  std::string_view trailers{};
};

Task<error_code> write_piece(Connection& to, Piece piece, std::chrono::milliseconds timeout);

}  // namespace osproxy::http
