// Where a body ends: takes received bytes apart into payload and framing, as they come.
//
//   BodyReader body(head);
//   while (true) {
//     const BodyReader::Step step = body.next(received);    // views into `received`
//     received.remove_prefix(step.consumed);
//     switch (step.status) { … }
//   }
//
// Strict about the chunked coding (RFC 9112, section 7.1): sizes are 1 to 16 hex digits, lines end
// in CRLF, extensions are read past (bounded), trailers are bounded and checked like headers.
// Holds no payload; one small value a message. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "osproxy/http/head.h"

namespace osproxy::http {

class BodyReader {
 public:
  enum class Status : std::uint8_t {
    NeedMore,  ///< all of the input is consumed, or too little is there to go on
    Payload,   ///< `payload` is body; call next() again with the rest
    Done,      ///< the body ends here; what was not consumed belongs to the next message
    Bad,       ///< the framing is broken: the connection cannot be used any further
  };

  struct Step {
    Status status;
    std::size_t consumed;      ///< of the input, payload included
    std::string_view payload;  ///< a part of the input, with Status::Payload
  };

  /// No body.
  BodyReader() = default;
  explicit BodyReader(const MessageHead& head);

  Step next(std::string_view input);

  /// The connection has ended: true if the body was complete then (Framing::UntilClose, or Done).
  bool ends_with_connection() const noexcept;

  bool done() const noexcept;

  /// The trailer lines of a chunked body as received, CRLFs included, without the empty line; valid
  /// once done. Never holds framing or routing fields (RFC 9110, section 6.5.1): those are Bad.
  const std::string& trailers() const noexcept { return trailers_; }

 private:
  enum class State : std::uint8_t {
    Done,
    Counting,  // left_ bytes to come
    UntilClose,
    ChunkSize,   // digits into left_
    ChunkBlank,  // white space before an extension
    ChunkExtension,
    ChunkLineEnd,  // the LF of a chunk-size line
    ChunkData,     // left_ bytes to come
    ChunkCr,       // the CRLF behind the data
    ChunkLf,
    Trailers,
    Bad,
  };

  Step take_payload(std::string_view input, std::size_t framing) noexcept;
  State after_framing_byte(char byte) noexcept;
  State after_size_byte(char byte) noexcept;
  State after_size_line() noexcept;
  State after_trailer_bytes(std::string_view input, std::size_t& consumed);
  State after_trailer_line();

  State state_ = State::Done;
  std::uint64_t left_ = 0;
  std::size_t line_bytes_ = 0;    // of the chunk-size line so far, for its bounds
  std::size_t trailer_line_ = 0;  // where the line under way begins in trailers_
  std::string trailers_;
};

/// A chunk-size line: 16 digits and CRLF.
inline constexpr std::size_t kChunkHeadRoom = 18;

/// The chunk-size line that goes before `size` bytes of payload: "1f4\r\n". Behind them: "\r\n".
/// Writes into `out`, which has kChunkHeadRoom; returns the part that was used.
std::string_view chunk_head(std::uint64_t size, char* out) noexcept;

}  // namespace osproxy::http
