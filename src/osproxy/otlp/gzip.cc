#include "osproxy/otlp/gzip.h"

#include <new>

#include <zlib.h>

namespace osproxy::otlp {
namespace {

/// The fastest level: spans are repetitive enough for it.
constexpr int kLevel = Z_BEST_SPEED;
constexpr int kGzipFormat = 15 + 16;  // zlib's code for a window of 32 KiB with gzip's header
constexpr int kMemory = 8;            // zlib's default

}  // namespace

std::string gzip(std::string_view text) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipFormat, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, text.size()), '\0');
  // zlib does not write to its input; its type is older than const.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);  // cannot run out of room: the bound is sufficient
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace osproxy::otlp
