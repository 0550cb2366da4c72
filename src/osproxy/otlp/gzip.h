// Compression, as `Content-Encoding: gzip` has it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace osproxy::otlp {

/// `text` as one gzip member (RFC 1952). Throws std::bad_alloc only.
std::string gzip(std::string_view text);

}  // namespace osproxy::otlp
