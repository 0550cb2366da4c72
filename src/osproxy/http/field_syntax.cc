#include "osproxy/http/field_syntax.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace osproxy::http {
namespace {

using Bytes = std::array<bool, 256>;

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

constexpr Bytes kRegName = [] {
  Bytes bytes{};
  for (const std::string_view part : {kDigits, kLetters, std::string_view("-._~!$&'()*+;=")}) {
    for (const char c : part) bytes[static_cast<unsigned char>(c)] = true;
  }
  return bytes;
}();

bool in(const Bytes& bytes, char c) noexcept { return bytes[static_cast<unsigned char>(c)]; }

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// True for an empty text, or a colon and a port; the port may be empty.
bool is_port_part(std::string_view text) noexcept {
  constexpr unsigned kMaxPort = 65535;
  if (text.empty()) return true;
  if (text.front() != ':') return false;
  const auto port = parse_length(text.substr(1));
  return text.size() == 1 || (port && *port <= kMaxPort);
}

bool is_reg_name(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in(kRegName, text[i])) continue;
    if (text[i] != '%' || text.size() - i < 3) return false;
    if (!is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    i += 2;
  }
  return !text.empty();
}

bool has_control_byte(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
  });
}

constexpr std::size_t kWord = sizeof(std::uint64_t);

/// False if none of the kWord bytes is below 0x20 or is 0x7f; true if one may be. Subtracting 0x20
/// sets the high bit of a byte below 0x20; a borrow may also set it in the next byte, wrongly.
bool may_have_control(const char* bytes) noexcept {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, kWord);
  const std::uint64_t below_space = (word - 0x20 * kEach) & ~word;
  const std::uint64_t from_delete = word ^ (0x7f * kEach);
  const std::uint64_t is_delete = (from_delete - kEach) & ~from_delete;
  return ((below_space | is_delete) & (0x80 * kEach)) != 0;
}

}  // namespace

Field field_of(std::string_view name) noexcept {
  // In the usual spelling, because equal bytes compare faster than bytes that differ in case.
  const auto is = [name](std::string_view known) { return equal_names(name, known); };
  switch (name.size()) {
    case 2:
      return is("TE") ? Field::HopByHop : Field::Other;
    case 4:
      return is("Host") ? Field::Host : Field::Other;
    case 6:
      return is("Expect") ? Field::Expect : Field::Other;
    case 7:
      return is("Upgrade") ? Field::HopByHop : Field::Other;
    case 10:
      if (is("Connection")) return Field::Connection;
      return is("Keep-Alive") ? Field::HopByHop : Field::Other;
    case 12:
      return is("Max-Forwards") ? Field::MaxForwards : Field::Other;
    case 14:
      if (is("Content-Length")) return Field::ContentLength;
      return is("HTTP2-Settings") ? Field::HopByHop : Field::Other;
    case 16:
      return is("Proxy-Connection") ? Field::HopByHop : Field::Other;
    case 17:
      if (is("Transfer-Encoding")) return Field::TransferEncoding;
      return is("X-Debug-Directive") ? Field::DebugDirective : Field::Other;
    default:
      return Field::Other;
  }
}

bool has_control(std::string_view text) noexcept {
  if (text.size() < kWord) return has_control_byte(text);
  // Eight bytes at a time, the last ones perhaps twice; suspicious ones are compared one by one.
  const std::size_t last = text.size() - kWord;
  for (std::size_t at = 0; at < last; at += kWord) {
    if (may_have_control(text.data() + at)) return has_control_byte(text.substr(at));
  }
  return may_have_control(text.data() + last) && has_control_byte(text.substr(last));
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool next_element(std::string_view& list, std::string_view& element) noexcept {
  if (list.data() == nullptr) return false;
  const std::size_t comma = list.find(',');
  element = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return true;
}

std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || value > kMaxLength) return std::nullopt;
  return value;
}

bool is_authority(std::string_view text) noexcept {
  if (!text.starts_with('[')) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    return is_reg_name(text.substr(0, colon)) && is_port_part(text.substr(colon));
  }
  const std::size_t bracket = text.find(']');
  if (bracket == std::string_view::npos || bracket < 3) return false;  // "::" is the shortest
  const std::string_view address = text.substr(1, bracket - 1);
  const auto fits = [](char c) { return is_hex(c) || c == ':' || c == '.'; };
  return std::all_of(address.begin(), address.end(), fits) &&
         is_port_part(text.substr(bracket + 1));
}

std::string_view parse_field_line(std::string_view line, Header& header) noexcept {
  if (line.empty() || is_blank(line.front())) return "a header line is folded";
  const std::size_t length = token_length(line);
  if (length == 0) return "a header name is empty or not a token";
  if (length == line.size() || line[length] != ':') return "a header name is not a token";
  const std::string_view value = line.substr(length + 1);
  if (has_control(value)) return "a header value has a control character";
  header.name = line.substr(0, length);
  header.value = trim(value);
  header.line = {line.data(), line.size() + 2};
  header.hop_by_hop = false;
  return {};
}

}  // namespace osproxy::http
