// Interprets the headers that tell how to read a body: Content-Type and Content-Encoding.
#pragma once

#include <cstdint>
#include <string_view>

namespace osproxy {

/// True for application/json, for types that end in +json (RFC 6839), for NDJSON, which clients
/// also use for a single value, and if there is no type. Parameters are ignored.
bool is_json(std::string_view content_type) noexcept;

enum class Coding : std::uint8_t {
  None,        ///< none, or `identity`
  Compressed,  ///< gzip, x-gzip or deflate, which Inflater reads
  Unknown,
};

/// Classifies a Content-Encoding (RFC 9110, section 8.4); a list of several codings is Unknown.
Coding coding_of(std::string_view content_encoding) noexcept;

}  // namespace osproxy
