#include "osproxy/store/deflate.h"

#include <algorithm>
#include <new>

#include <zlib.h>

namespace osproxy {
namespace {

// The first buffer of inflate_text(): most documents fit, and a forged one costs no more.
constexpr std::size_t kFirstBytes = std::size_t{16} << 10;

const Bytef* bytes_of(std::string_view text) {
  return reinterpret_cast<const Bytef*>(text.data());  // zlib's own type for a byte
}

Bytef* bytes_of(std::string& text) { return reinterpret_cast<Bytef*>(text.data()); }

}  // namespace

std::string deflate_text(std::string_view text) {
  uLongf size = compressBound(text.size());
  std::string packed(size, '\0');
  if (compress2(bytes_of(packed), &size, bytes_of(text), text.size(), Z_DEFAULT_COMPRESSION) !=
      Z_OK) {
    throw std::bad_alloc();  // the only failure while the buffer is compressBound()
  }
  packed.resize(size);
  return packed;
}

std::optional<std::string> inflate_text(std::string_view packed, std::size_t max_bytes) {
  for (std::size_t room = std::min(kFirstBytes, max_bytes);; room = std::min(room * 4, max_bytes)) {
    std::string text(room, '\0');
    uLongf size = text.size();
    uLong used = packed.size();
    const int result = uncompress2(bytes_of(text), &size, bytes_of(packed), &used);
    if (result == Z_OK && used == packed.size()) {
      text.resize(size);
      return text;
    }
    if (result != Z_BUF_ERROR || room == max_bytes) return std::nullopt;
  }
}

}  // namespace osproxy
