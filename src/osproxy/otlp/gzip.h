// Compresses a body for `Content-Encoding: gzip`. A pure function.
#pragma once

#include <string>
#include <string_view>

namespace osproxy::otlp {

/// Returns `text` as one gzip member (RFC 1952). Throws std::bad_alloc only.
std::string gzip(std::string_view text);

}  // namespace osproxy::otlp
