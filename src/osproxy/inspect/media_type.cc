#include "osproxy/inspect/media_type.h"

#include <algorithm>

namespace osproxy {
namespace {

char lower(char byte) noexcept { return byte >= 'A' && byte <= 'Z' ? char(byte | 0x20) : byte; }

bool equal(std::string_view text, std::string_view lower_case) noexcept {
  return std::ranges::equal(text, lower_case, {}, lower);
}

bool ends_with(std::string_view text, std::string_view lower_case) noexcept {
  return text.size() >= lower_case.size() &&
         equal(text.substr(text.size() - lower_case.size()), lower_case);
}

}  // namespace

bool is_json(std::string_view content_type) noexcept {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return type.empty() || equal(type, "application/json") || ends_with(type, "+json") ||
         equal(type, "application/x-ndjson") || ends_with(type, "+x-ndjson");
}

Coding coding_of(std::string_view content_encoding) noexcept {
  if (content_encoding.empty() || equal(content_encoding, "identity")) return Coding::None;
  const bool known = equal(content_encoding, "gzip") || equal(content_encoding, "x-gzip") ||
                     equal(content_encoding, "deflate");
  return known ? Coding::Compressed : Coding::Unknown;
}

}  // namespace osproxy
