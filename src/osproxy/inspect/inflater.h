// Decompresses a body piece by piece: gzip (RFC 1952) and deflate (RFC 9110, section 8.4.1.2: the
// zlib format of RFC 1950). The first bytes tell the two apart.
//
//   Inflater inflater;
//   std::string text;
//   const auto status = inflater.feed(piece, [&](std::string_view plain) {
//     text += plain;
//     return text.size() < kEnough;  // false: stop
//   });
//
// From the first piece on, zlib holds about 50 KiB. The output is passed to the sink in pieces of
// at most kPieceBytes, and decompression stops as soon as the sink wants no more. A decompression
// bomb therefore costs no more than the sink's own bound.
//
// Not thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <zlib.h>

namespace osproxy {

class Inflater {
 public:
  enum class Status : std::uint8_t {
    More,         ///< more input is expected
    End,          ///< the compressed stream is over, or the sink wants no more
    Bad,          ///< the input is neither gzip nor deflate, or is damaged
    OutOfMemory,  ///< zlib could not allocate its memory
  };

  static constexpr std::size_t kPieceBytes = 4096;

  Inflater() = default;
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Calls `sink(plain)` for each piece of output; the sink returns true if it wants more.
  template <class Sink>
  Status feed(std::string_view compressed, Sink&& sink) {
    if (status_ == Status::More) begin(compressed);
    while (status_ == Status::More) {
      const std::string_view plain = step();
      if (!plain.empty() && !sink(plain)) status_ = Status::End;
      if (plain.size() < kPieceBytes) break;  // all of the input is used
    }
    return status_;
  }

  /// The compressed stream has begun, and its end has not come.
  bool is_open() const noexcept { return stream_.total_in > 0 && status_ == Status::More; }

 private:
  void begin(std::string_view compressed) noexcept;
  std::string_view step() noexcept;

  z_stream stream_{};
  bool ready_ = false;
  Status status_ = Status::More;
  std::array<char, kPieceBytes> piece_;
};

}  // namespace osproxy
