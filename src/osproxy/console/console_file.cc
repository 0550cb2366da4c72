#include "osproxy/console/console_file.h"

#include <algorithm>
#include <stdexcept>

#include <zlib.h>

namespace osproxy::console {

const ConsoleFile* find_file(std::string_view name) noexcept {
  const auto files = all_files();
  const auto found = std::ranges::find(files, name, &ConsoleFile::name);
  return found == files.end() ? nullptr : &*found;
}

std::string decompress(const ConsoleFile& file) {
  constexpr int kGzipWindow = 15 + 16;  // the largest window, in gzip's format
  std::string plain(file.plain_bytes, '\0');
  std::string compressed(file.gzip);  // zlib's interface takes no constant input
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) throw std::runtime_error("no memory for zlib");
  stream.next_in = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_in = static_cast<uInt>(compressed.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  const int result = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::runtime_error("the embedded file is damaged");
  return plain;
}

}  // namespace osproxy::console
