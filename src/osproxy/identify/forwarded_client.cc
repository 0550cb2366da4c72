#include "osproxy/identify/forwarded_client.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "osproxy/core/field_name.h"

namespace osproxy {
namespace {

constexpr std::string_view kForwarded = "Forwarded";
constexpr std::string_view kForwardedFor = "X-Forwarded-For";
constexpr std::string_view kBlank = " \t";

std::string_view trimmed(std::string_view text) noexcept {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

/// One element of a header: it names the hop before it.
struct Hop {
  enum class Kind : std::uint8_t { Address, Hidden, Malformed };

  Kind kind = Kind::Malformed;
  std::string_view text{};  // of an address, as sent
  IpAddress address{};
};

bool is_port(std::string_view text) noexcept {
  constexpr std::size_t kMaxDigits = 5;
  return !text.empty() && text.size() <= kMaxDigits &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// An obfuscated identifier (RFC 7239, section 6.3).
bool is_obfuscated(std::string_view text) noexcept {
  return text.size() > 1 && text.front() == '_' && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

Hop hop_of_address(std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address) return {};
  return {.kind = Hop::Kind::Address, .text = text, .address = *address};
}

/// Reads `192.0.2.7`, `192.0.2.7:80`, `[2001:db8::7]`, `[2001:db8::7]:80`, `unknown`, `_hidden`;
/// with `bare_v6` also `2001:db8::7`.
Hop hop_of_node(std::string_view node, bool bare_v6) {
  std::string_view name = node;
  std::string_view port;
  bool has_port = false;
  const bool in_brackets = node.starts_with('[');
  const std::size_t name_end = in_brackets ? node.find(']') : node.find(':');
  const bool is_bare_v6 = bare_v6 && !in_brackets && std::ranges::count(node, ':') > 1;
  if (in_brackets) {
    if (name_end == node.npos) return {};
    name = node.substr(1, name_end - 1);
    port = node.substr(name_end + 1);
    has_port = !port.empty();
    if (has_port && !port.starts_with(':')) return {};
    if (has_port) port.remove_prefix(1);
  } else if (name_end != node.npos && !is_bare_v6) {
    name = node.substr(0, name_end);
    port = node.substr(name_end + 1);
    has_port = true;
  }
  if (has_port && !is_port(port) && !is_obfuscated(port)) return {};
  const bool may_be_hidden = !in_brackets && !is_bare_v6;
  if (may_be_hidden && (equal_names(name, "unknown") || is_obfuscated(name))) {
    return {.kind = Hop::Kind::Hidden};
  }
  if (name.contains(':') != (in_brackets || is_bare_v6)) return {};
  return hop_of_address(name);
}

/// The value of a parameter: a token, or a quoted string without escapes, since no node has one.
std::optional<std::string_view> value_of(std::string_view text) noexcept {
  if (!text.starts_with('"')) {
    return is_token(text) ? std::optional(text) : std::nullopt;
  }
  if (text.size() < 2 || !text.ends_with('"')) return std::nullopt;
  return text.substr(1, text.size() - 2);
}

/// Cuts the text up to the next `;` outside quotes off the front of `element`.
std::string_view take_pair(std::string_view& element) noexcept {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < element.size() && (quoted || element[end] != ';'); ++end) {
    if (element[end] == '"') quoted = !quoted;
    if (quoted && element[end] == '\\') ++end;
  }
  const std::string_view pair = element.substr(0, end);
  element.remove_prefix(std::min(end + 1, element.size()));
  return trimmed(pair);
}

/// Reads an element of `Forwarded`: `for=192.0.2.7;proto=https`.
Hop hop_of_forwarded(std::string_view element) {
  std::optional<std::string_view> node;
  while (!element.empty()) {
    const std::string_view pair = take_pair(element);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos || !is_token(pair.substr(0, equals))) return {};
    if (!equal_names(pair.substr(0, equals), "for")) continue;
    const auto value = value_of(pair.substr(equals + 1));
    if (!value || node) return {};
    node = value;
  }
  if (!node) return {.kind = Hop::Kind::Hidden};
  return hop_of_node(*node, /*bare_v6=*/false);
}

/// Cuts the last element off `list`. With quotes, commas in quoted strings do not count. They are
/// matched from the end, because what is there is written by a trusted proxy, and what is at the
/// front by anybody.
std::string_view take_last(std::string_view& list, bool quotes) noexcept {
  bool quoted = false;
  std::size_t begin = list.size();
  for (; begin > 0; --begin) {
    const char c = list[begin - 1];
    if (c == ',' && !quoted) break;
    if (c != '"' || !quotes) continue;
    const std::string_view before = list.substr(0, begin - 1);
    const std::size_t escapes = before.size() - (before.find_last_not_of('\\') + 1);
    if (!quoted || escapes % 2 == 0) quoted = !quoted;
  }
  const std::string_view element = list.substr(begin);
  list = list.substr(0, begin > 0 ? begin - 1 : 0);
  return trimmed(element);
}

/// Gives the hops from the last one to the first.
class Hops {
 public:
  explicit Hops(const http::RequestHead& head) noexcept
      : headers_(head.headers), left_(head.headers.size()), forwarded_(has(kForwarded)) {}

  std::optional<Hop> next() {
    while (true) {
      while (list_.empty()) {
        if (left_ == 0) return std::nullopt;
        const http::Header& header = headers_[--left_];
        if (equal_names(header.name, forwarded_ ? kForwarded : kForwardedFor)) list_ = header.value;
      }
      const std::string_view element = take_last(list_, forwarded_);
      if (element.empty()) continue;
      return forwarded_ ? hop_of_forwarded(element) : hop_of_node(element, /*bare_v6=*/true);
    }
  }

 private:
  bool has(std::string_view name) const noexcept {
    return std::ranges::any_of(headers_,
                               [&](const auto& header) { return equal_names(header.name, name); });
  }

  std::span<const http::Header> headers_;
  std::size_t left_;  // headers before list_
  bool forwarded_;
  std::string_view list_{};  // what is left of a header's value
};

}  // namespace

ClientAddress forwarded_client(const http::RequestHead& head, const ClientAddress& connection,
                               std::span<const Cidr> trusted, std::string& scratch) {
  Hops hops(head);
  std::optional<Hop> found;
  for (std::size_t i = 0; i < kMaxForwardedHops; ++i) {
    const auto hop = hops.next();
    if (!hop || hop->kind == Hop::Kind::Hidden) break;
    if (hop->kind == Hop::Kind::Malformed) return connection;
    found = hop;
    if (!contains(trusted, hop->address)) break;
  }
  if (!found) return connection;
  if (found->address.is_v4() && !found->text.contains(':')) {
    return {.text = found->text, .address = found->address};  // it has one form only
  }
  scratch = found->address.to_string();
  return {.text = scratch, .address = found->address};
}

}  // namespace osproxy
