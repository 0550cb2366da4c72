#include "osproxy/identify/attributes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "osproxy/core/agent_product.h"
#include "osproxy/core/attribute_text.h"
#include "osproxy/core/encoding.h"
#include "osproxy/core/field_name.h"
#include "osproxy/core/ids.h"

namespace osproxy {
namespace {

/// The value of a header that counts only if it is sent once.
class SingleHeader {
 public:
  void add(std::string_view value) noexcept {
    value_ = value;
    ++count_;
  }

  bool is_sent() const noexcept { return count_ > 0; }

  /// Empty if the header was not sent, or more than once.
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
  SingleHeader user_agent{};
  SingleHeader trace_parent{};
};

/// Collects all headers in one pass. The tenant header may be the same as another one.
Headers collect(const http::RequestHead& head, std::string_view tenant_header) noexcept {
  Headers headers;
  for (const http::Header& header : head.headers) {
    // Most names differ in length, which needs no call.
    const auto is = [&header](std::string_view name) {
      return header.name.size() == name.size() && equal_names(header.name, name);
    };
    if (is(tenant_header)) headers.tenant.add(header.value);
    if (is("Authorization")) headers.authorization.add(header.value);
    if (is("X-Request-Id")) headers.request_id.add(header.value);
    if (is("X-Opaque-Id")) headers.opaque_id.add(header.value);
    if (is("User-Agent")) headers.user_agent.add(header.value);
    if (is("traceparent")) headers.trace_parent.add(header.value);
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

/// Decodes the bytes before the first colon into `name`. False unless all of `text` is base64 with
/// unused bits zero, and has a colon after at most kMaxAttributeBytes. Padding may be missing, as
/// for OpenSearch's decoder. The rest, which holds the password, is checked bit by bit and never
/// stored.
bool decode_user(std::string_view text, std::string& name) {
  name.clear();
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t digits_of_last = (text.size() - padding) % 4;
  if (text.empty() || digits_of_last == 1 || (padding > 0 && text.size() % 4 != 0)) return false;
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

/// The text after `scheme` and at least one space; empty for another scheme.
std::string_view credentials_of(std::string_view scheme, std::string_view authorization) noexcept {
  if (!equal_names(authorization.substr(0, scheme.size()), scheme)) return {};
  authorization.remove_prefix(scheme.size());
  if (!authorization.starts_with(' ')) return {};
  return authorization.substr(std::min(authorization.find_first_not_of(' '), authorization.size()));
}

struct Principal {
  std::string_view name{};
  bool verified = false;
};

/// Known tokens (RFC 6750) and the user of `Basic` credentials (RFC 7617), as claimed.
Principal find_principal(std::string_view authorization, const AttributeSources& sources,
                         std::string& name) {
  if (!sources.certificate_principal.empty()) return {sources.certificate_principal, true};
  if (sources.identities.knows_tokens()) {
    const std::string_view token = credentials_of("Bearer", authorization);
    const auto digest = token.empty() ? std::nullopt : sources.hasher.digest(token);
    if (digest) {
      name.assign(sources.identities.principal_of(*digest));  // copied: a reload may destroy it
      return {name, !name.empty()};
    }
  }
  const std::string_view basic = credentials_of("Basic", authorization);
  if (basic.empty() || !decode_user(basic, name) || !is_clean_attribute(name)) name.clear();
  return {name, false};
}

/// The parts of a request that may name its tenant.
struct TenantSources {
  std::string_view header;
  std::string_view path_segment;  // percent-encoded
  std::string_view index;
  std::string_view principal;
};

std::string_view find_tenant(const TenantSources& from, const AttributeSources& sources,
                             std::string& scratch) {
  switch (sources.tenant.place()) {
    case TenantRule::Place::None:
      return {};
    case TenantRule::Place::Header:
      return from.header;
    case TenantRule::Place::Path:
      if (!is_well_encoded(from.path_segment)) return {};
      return percent_decode(from.path_segment, kMaxAttributeBytes, scratch);
    case TenantRule::Place::Index:
      return sources.tenant.find_in_index(from.index);
    case TenantRule::Place::Principal:
      scratch.assign(sources.identities.tenant_of(from.principal));  // copied, as above
      return scratch;
  }
  std::unreachable();
}

std::string_view if_clean(std::string_view value) noexcept {
  return is_clean_attribute(value) ? value : std::string_view{};
}

ClientAddress find_client(const http::RequestHead& head, const AttributeSources& sources,
                          std::string& scratch) {
  return sources.trusted.empty()
             ? sources.connection
             : forwarded_client(head, sources.connection, sources.trusted, scratch);
}

/// `path`, a part of `target` that ends with its path, and the query after it.
std::string_view with_query(std::string_view path, std::string_view target) noexcept {
  const std::less_equal<const char*> precedes;
  const char* const end = target.data() + target.size();
  if (!precedes(target.data(), path.data()) || !precedes(path.data(), end)) return path;
  return {path.data(), end};
}

std::string_view choose_request_id(std::string_view sent, Random& random, std::string& made) {
  if (is_well_formed_request_id(sent)) return sent;
  make_request_id(random, made);
  return made;
}

}  // namespace

RequestAttributes read_attributes(const http::RequestHead& head, const AttributeSources& sources,
                                  Random& random, AttributeScratch& scratch) {
  const Headers headers = collect(head, sources.tenant.header());
  const Principal principal =
      find_principal(headers.authorization.value(), sources, scratch.principal);
  TenantRule::PathParts path{.rest = head.target};
  if (sources.tenant.place() == TenantRule::Place::Path) {
    path = sources.tenant.split_path(path_of(head.target));
    path.rest = with_query(path.rest, head.target);
  }
  const Classification what = classify(head.method, path.rest, scratch.index);
  const std::string_view tenant = find_tenant({.header = headers.tenant.value(),
                                               .path_segment = path.tenant,
                                               .index = what.index,
                                               .principal = principal.name},
                                              sources, scratch.tenant);
  const ClientAddress client = find_client(head, sources, scratch.client);
  return {
      .matched = {.tenant = if_clean(tenant),
                  .index = what.index,
                  .principal = principal.name,
                  .endpoint = what.endpoint,
                  .body_may_name_index = what.body_may_name_index,
                  .client = client.text,
                  .agent = product_of(headers.user_agent.value()),
                  .opaque_id = if_clean(headers.opaque_id.value()),
                  .client_address = client.address},
      .principal_verified = principal.verified,
      .request_id = choose_request_id(headers.request_id.value(), random, scratch.request_id),
      .trace = parse_traceparent(headers.trace_parent.value()),
      .has_traceparent = headers.trace_parent.is_sent(),
      .has_opaque_id = headers.opaque_id.is_sent(),
      .form = what.form,
  };
}

}  // namespace osproxy
