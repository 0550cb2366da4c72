#include "osproxy/http/attributes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "osproxy/core/ids.h"
#include "osproxy/http/classify.h"

namespace osproxy::http {
namespace {

/// A header that counts only if it is sent once.
class SingleHeader {
 public:
  void add(std::string_view value) noexcept {
    value_ = value;
    ++count_;
  }

  bool is_sent() const noexcept { return count_ > 0; }

  /// Empty if it was not sent, or more than once.
  std::string_view value() const noexcept { return count_ == 1 ? value_ : std::string_view{}; }

 private:
  std::string_view value_;
  std::size_t count_ = 0;
};

struct Headers {
  SingleHeader tenant{};
  SingleHeader authorization{};
  SingleHeader request_id{};
  SingleHeader opaque_id{};
  SingleHeader trace_parent{};
};

/// One walk over the head for all of them. The tenant header may be one of the others.
Headers collect(const RequestHead& head, std::string_view tenant_header) noexcept {
  Headers headers;
  for (const Header& header : head.headers) {
    if (equal_names(header.name, tenant_header)) headers.tenant.add(header.value);
    if (equal_names(header.name, "Authorization")) headers.authorization.add(header.value);
    if (equal_names(header.name, "X-Request-Id")) headers.request_id.add(header.value);
    if (equal_names(header.name, "X-Opaque-Id")) headers.opaque_id.add(header.value);
    if (equal_names(header.name, "traceparent")) headers.trace_parent.add(header.value);
  }
  return headers;
}

/// The value of a base64 digit (RFC 4648, section 4); -1 for any other character.
int base64_value(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

/// Decodes the bytes before the first colon into `name`. False unless all of `text` is base64 in
/// its one canonical form (padded, unused bits zero) and has a colon, before which there are at
/// most kMaxAttributeBytes. The rest is looked at, bit by bit, but never stored.
bool decode_user(std::string_view text, std::string& name) {
  name.clear();
  if (text.empty() || text.size() % 4 != 0) return false;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  bool in_name = true;
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const int digit = base64_value(c);
    if (digit < 0) return false;
    bits = (bits << 6 | static_cast<std::uint32_t>(digit)) & 0xfff;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    const char byte = static_cast<char>(bits >> bit_count & 0xff);
    if (byte == ':') in_name = false;
    if (!in_name) continue;
    if (name.size() == kMaxAttributeBytes) return false;
    name += byte;
  }
  const std::uint32_t unused = bits & ((1U << bit_count) - 1);
  return !in_name && unused == 0;
}

/// The user of `Basic` credentials (RFC 7617), as claimed.
std::string_view basic_user(std::string_view credentials, std::string& name) {
  constexpr std::string_view kScheme = "Basic";
  if (!equal_names(credentials.substr(0, kScheme.size()), kScheme)) return {};
  credentials.remove_prefix(kScheme.size());
  if (!credentials.starts_with(' ')) return {};
  credentials.remove_prefix(std::min(credentials.find_first_not_of(' '), credentials.size()));
  if (!decode_user(credentials, name) || !is_clean_attribute(name)) name.clear();
  return name;
}

bool is_lower_hex(std::string_view text) noexcept {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_all_zero(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

/// `00-<32 hex: trace>-<16 hex: parent>-<2 hex: flags>` (W3C Trace Context, section 3.2). Version
/// 00 ends there; a later one may go on behind another dash. Version ff is invalid.
std::string_view trace_id_of(std::string_view parent) noexcept {
  constexpr std::size_t kSize = 55;
  if (parent.size() < kSize) return {};
  const std::string_view version = parent.substr(0, 2);
  const std::string_view trace = parent.substr(3, 32);
  const std::string_view span = parent.substr(36, 16);
  const std::string_view flags = parent.substr(53, 2);
  if (parent[2] != '-' || parent[35] != '-' || parent[52] != '-') return {};
  for (const auto part : {version, trace, span, flags}) {
    if (!is_lower_hex(part)) return {};
  }
  if (version == "ff" || is_all_zero(trace) || is_all_zero(span)) return {};
  if (parent.size() > kSize && (version == "00" || parent[kSize] != '-')) return {};
  return trace;
}

std::string_view choose_request_id(std::string_view sent, Random& random, std::string& made) {
  if (is_well_formed_request_id(sent)) return sent;
  made = make_request_id(random);
  return made;
}

}  // namespace

RequestAttributes read_attributes(const RequestHead& head, const AttributeOptions& options,
                                  Random& random, AttributeScratch& scratch) {
  const Headers headers = collect(head, options.tenant_header);
  const Classification what = classify(head.method, head.target, scratch.index);
  const std::string_view tenant = headers.tenant.value();
  return {
      .matched = {.tenant = is_clean_attribute(tenant) ? tenant : std::string_view{},
                  .index = what.index,
                  .principal = basic_user(headers.authorization.value(), scratch.principal),
                  .endpoint = what.endpoint},
      .request_id = choose_request_id(headers.request_id.value(), random, scratch.request_id),
      .trace_id = trace_id_of(headers.trace_parent.value()),
      .has_opaque_id = headers.opaque_id.is_sent(),
  };
}

}  // namespace osproxy::http
