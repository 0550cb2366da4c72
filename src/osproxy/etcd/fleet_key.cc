#include "osproxy/etcd/fleet_key.h"

#include <optional>

#include "osproxy/core/encoding.h"

namespace osproxy::etcd {
namespace {

std::optional<unsigned> hex_digit(char c) {
  const auto at = std::string_view("0123456789ABCDEF").find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<unsigned>(at);
}

}  // namespace

std::string fleet_prefix(std::string_view document_key) {
  const auto slash = document_key.rfind('/');
  const auto length = slash == std::string_view::npos ? 0 : slash + 1;
  return std::string(document_key.substr(0, length)) + "fleet/";
}

std::string fleet_key(std::string_view document_key, std::string_view instance) {
  return fleet_prefix(document_key) + percent_encode(instance);
}

std::string instance_of(std::string_view segment) {
  std::string name;
  for (std::size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      name += segment[i];
      continue;
    }
    const auto high = i + 1 < segment.size() ? hex_digit(segment[i + 1]) : std::nullopt;
    const auto low = i + 2 < segment.size() ? hex_digit(segment[i + 2]) : std::nullopt;
    if (!high || !low) return std::string(segment);
    name += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return name;
}

}  // namespace osproxy::etcd
