// What a body's headers say about how to read it.
#pragma once

#include <cstdint>
#include <string_view>

namespace osproxy {

/// True for application/json, for what ends in +json (RFC 6839), for NDJSON, which clients also use
/// for a single value, and for no type at all. Parameters are ignored.
bool is_json(std::string_view content_type) noexcept;

enum class Coding : std::uint8_t {
  None,        ///< none, or `identity`
  Compressed,  ///< gzip, x-gzip or deflate: what Inflater reads
  Unknown,
};

/// By a Content-Encoding (RFC 9110, section 8.4); a list of several codings is Unknown.
Coding coding_of(std::string_view content_encoding) noexcept;

}  // namespace osproxy
