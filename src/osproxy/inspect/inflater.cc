#include "osproxy/inspect/inflater.h"

namespace osproxy {
namespace {

/// zlib's code for a window of 32 KiB, the largest, and for either format.
constexpr int kEitherFormat = 15 + 32;

}  // namespace

Inflater::~Inflater() {
  if (ready_) inflateEnd(&stream_);
}

void Inflater::begin(std::string_view compressed) noexcept {
  if (!ready_) {
    ready_ = inflateInit2(&stream_, kEitherFormat) == Z_OK;
    if (!ready_) status_ = Status::OutOfMemory;
  }
  // zlib does not write to its input; its type is older than const.
  stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
  stream_.avail_in = static_cast<uInt>(compressed.size());
}

/// Decompresses until `piece_` is full or the input is used.
std::string_view Inflater::step() noexcept {
  stream_.next_out = reinterpret_cast<Bytef*>(piece_.data());
  stream_.avail_out = static_cast<uInt>(piece_.size());
  const int result = inflate(&stream_, Z_NO_FLUSH);
  if (result == Z_STREAM_END) {
    status_ = Status::End;
  } else if (result == Z_MEM_ERROR) {
    status_ = Status::OutOfMemory;
  } else if (result != Z_OK && result != Z_BUF_ERROR) {  // Z_BUF_ERROR: there was nothing to do
    status_ = Status::Bad;
  }
  return {piece_.data(), piece_.size() - stream_.avail_out};
}

}  // namespace osproxy
