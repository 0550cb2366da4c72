// Decompresses a body as it streams by: gzip (RFC 1952) and deflate (RFC 9110, section 8.4.1.2: the
// zlib format of RFC 1950), told apart by how they begin.
//
//   Inflater inflater;
//   const auto status = inflater.feed(piece, [&](std::string_view plain) { …; return wanted; });
//
// Holds what zlib needs, about 50 KiB from the first piece on. What comes out is handed on in
// pieces of at most kPieceBytes, and decompression stops when the sink says that it has had enough:
// a bomb costs no more than what its reader was willing to take.
//
// One owner; not thread-safe.
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
    End,          ///< the compressed stream is over, or the sink has had enough
    Bad,          ///< this is no such stream
    OutOfMemory,  ///< zlib could not get its memory
  };

  static constexpr std::size_t kPieceBytes = 4096;

  Inflater() = default;
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// `sink(plain)` is called for what comes out, and says whether it wants more.
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

 private:
  void begin(std::string_view compressed) noexcept;
  std::string_view step() noexcept;

  z_stream stream_{};
  bool ready_ = false;
  Status status_ = Status::More;
  std::array<char, kPieceBytes> piece_;
};

}  // namespace osproxy
