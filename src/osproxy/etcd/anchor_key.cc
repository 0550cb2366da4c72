#include "osproxy/etcd/anchor_key.h"

#include <fmt/format.h>

#include "osproxy/core/hash.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/encode.h"

namespace osproxy::etcd {

std::string anchor_prefix(std::string_view document_key) {
  const std::size_t slash = document_key.rfind('/');
  const std::size_t last = slash == std::string_view::npos ? 0 : slash + 1;
  return fmt::format("{}anchors/{}/", document_key.substr(0, last), document_key.substr(last));
}

std::string anchor_key(std::string_view prefix, const Directive& directive) {
  return fmt::format("{}{:016x}", prefix, fnv1a_64(encode_directive(directive)));
}

std::string anchor_value(const Directive& directive, WallTime first_seen) {
  return fmt::format("{} {}", format_rfc3339(first_seen), directive.id);
}

std::optional<WallTime> parse_anchor(std::string_view value) {
  return parse_rfc3339_utc(value.substr(0, value.find(' ')));
}

}  // namespace osproxy::etcd
