// Splits the received bytes of a body into payload and framing, and finds the body's end.
//
//   BodyReader body(head);
//   auto step = body.next(received);  // its payload is a view into `received`
//   while (step.status == BodyReader::Status::Payload) {
//     forward(step.payload);
//     received.remove_prefix(step.consumed);
//     step = body.next(received);
//   }
//
// Strict about the chunked coding (RFC 9112, section 7.1): sizes are 1 to 16 hex digits, lines end
// in CRLF, extensions are skipped and bounded, trailers are bounded and checked like headers.
//
// Holds no payload. Pure; one reader for each message.
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
    NeedMore,  ///< all of the input is consumed; call next() again with more
    Payload,   ///< `payload` is a part of the body; call next() again with the rest
    Done,      ///< the body ends here; input that is not consumed belongs to the next message
    Bad,       ///< the framing is broken, and the connection must be closed
  };

  struct Step {
    Status status;
    std::size_t consumed;      ///< of the input, payload included
    std::string_view payload;  ///< a part of the input, with Status::Payload
  };

  /// For a message without a body.
  BodyReader() = default;
  explicit BodyReader(const MessageHead& head);

  Step next(std::string_view input);

  /// True if the body is complete when the connection ends (Framing::UntilClose, or Done).
  bool ends_with_connection() const noexcept;

  bool done() const noexcept;

  /// The trailer lines of a chunked body as received, with CRLFs, without the empty line; valid
  /// once done. A trailer with a framing or routing field (RFC 9110, section 6.5.1) is Bad.
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
    ChunkCr,       // the CRLF after the data
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
  std::size_t extensions_ = 0;    // bytes of all chunk extensions so far, for their bound
  std::size_t trailer_line_ = 0;  // where the current line begins in trailers_
  std::string trailers_;
  std::string connection_options_;  // of the head, with Framing::Chunked
};

/// A chunk-size line: 16 digits and CRLF.
inline constexpr std::size_t kChunkHeadRoom = 18;

/// Writes the chunk-size line for `size` bytes of payload, such as "1f4\r\n", into `out`, which has
/// kChunkHeadRoom bytes. Returns the line. The caller sends "\r\n" after the payload.
std::string_view chunk_head(std::uint64_t size, char* out) noexcept;

}  // namespace osproxy::http
