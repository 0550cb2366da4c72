#include <algorithm>
#include <iterator>
#include <utility>

#include "osproxy/core/encoding.h"
#include "osproxy/otlp/environment.h"

namespace osproxy::otlp {
namespace {

using Failed = std::unexpected<std::string>;

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kSpaces = " \t";
  text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
  return text.substr(0, text.find_last_not_of(kSpaces) + 1);
}

bool is_header_name(std::string_view name) noexcept {
  constexpr std::string_view kTokenCharacters =  // RFC 9110, section 5.6.2; gRPC has fewer
      "-_.0123456789abcdefghijklmnopqrstuvwxyz";
  return name.find_first_not_of(kTokenCharacters) == name.npos;
}

bool is_header_value(std::string_view value) noexcept {
  return std::ranges::all_of(value, [](char c) { return c >= ' ' && c < '\x7f'; });
}

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

std::expected<KeyValues, std::string> parse_key_values(std::string_view text) {
  KeyValues found;
  while (!text.empty()) {
    const std::string_view element = text.substr(0, text.find(','));
    text.remove_prefix(std::min(element.size() + 1, text.size()));
    if (trimmed(element).empty()) continue;
    const std::size_t equals = element.find('=');
    const auto name = percent_decode(trimmed(element.substr(0, equals)));
    if (equals == element.npos || !name || name->empty()) {
      return Failed("it must be a list of names and values, as in a=1,b=2");
    }
    auto value = percent_decode(trimmed(element.substr(equals + 1)));
    if (!value) return Failed("two hex digits must follow each %");
    found.emplace_back(*name, *std::move(value));
  }
  return found;
}

std::expected<KeyValues, std::string> parse_headers(std::string_view text) {
  auto headers = parse_key_values(text);
  if (!headers) return headers;
  for (auto& [name, value] : *headers) {
    std::ranges::transform(name, name.begin(), to_lower);
    if (!is_header_name(name) || name.ends_with("-bin")) {
      return Failed("a name in it cannot be that of a header");
    }
    if (!is_header_value(value)) return Failed("a value in it cannot be that of a header");
  }
  return headers;
}

std::expected<KeyValues, std::string> parse_header_lines(std::string_view text) {
  KeyValues headers;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed(line).starts_with('#')) continue;
    auto parsed = parse_headers(line);
    if (!parsed) return parsed;
    std::ranges::move(*parsed, std::back_inserter(headers));
  }
  return headers;
}

std::expected<Protocol, std::string> parse_protocol(std::string_view text) {
  if (text == "grpc") return Protocol::Grpc;
  if (text == "http/protobuf") return Protocol::HttpProtobuf;
  return Failed("it must be grpc or http/protobuf");
}

std::expected<bool, std::string> parse_compression(std::string_view text) {
  if (text == "gzip") return true;
  if (text == "none") return false;
  return Failed("it must be gzip or none");
}

}  // namespace osproxy::otlp
