#include "osproxy/http/rewrite_diff.h"

#include <algorithm>
#include <vector>

#include "osproxy/core/field_name.h"

namespace osproxy::http {
namespace {

/// Headers that proxies read or write (RFC 9110, section 7.6), osproxy's included. Their names may
/// be shown.
constexpr std::string_view kKnownNames[] = {
    "Connection",
    "Content-Length",
    "Date",
    "Forwarded",
    "Host",
    "Keep-Alive",
    "Max-Forwards",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "X-Debug-Directive",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Opaque-Id",
    "X-Request-Id",
    "traceparent",
    "tracestate",
};

std::string_view shown(std::string_view name) noexcept {
  for (const std::string_view known : kKnownNames) {
    if (equal_names(name, known)) return known;
  }
  return "{name}";
}

struct Field {
  std::string_view name;
  std::string_view value;
  bool matched = false;
};

/// Splits a head that osproxy wrote into its "Name: value" lines.
std::vector<Field> fields_of(std::string_view head) {
  std::vector<Field> fields;
  std::size_t at = head.find("\r\n");
  while (at != head.npos) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    if (at == begin || at == head.npos) break;
    const std::string_view line = head.substr(begin, at - begin);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) continue;
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    value = value.substr(0, value.find_last_not_of(" \t") + 1);
    fields.push_back({.name = line.substr(0, colon), .value = value});
  }
  return fields;
}

Field* unmatched(std::vector<Field>& fields, const Header& header, bool same_value) noexcept {
  const auto found = std::ranges::find_if(fields, [&](const Field& field) {
    return !field.matched && equal_names(field.name, header.name) &&
           (!same_value || field.value == header.value);
  });
  return found == fields.end() ? nullptr : &*found;
}

HeadRewrite compare(const MessageHead& received, std::string_view sent) {
  const std::size_t end = sent.find("\r\n\r\n");
  HeadRewrite rewrite{.bytes_in = received.size,
                      .bytes_out = end == sent.npos ? sent.size() : end + 4};
  std::vector<Field> fields = fields_of(sent);
  std::vector<const Header*> others;
  for (const Header& header : received.headers) {
    Field* const same = unmatched(fields, header, true);
    same != nullptr ? void(same->matched = true) : others.push_back(&header);
  }
  for (const Header* const header : others) {
    Field* const changed = unmatched(fields, *header, false);
    if (changed != nullptr) changed->matched = true;
    (changed != nullptr ? rewrite.changed : rewrite.removed).push_back(shown(header->name));
  }
  for (const Field& field : fields) {
    if (!field.matched) rewrite.added.push_back(shown(field.name));
  }
  return rewrite;
}

}  // namespace

HeadRewrite compare_heads(const RequestHead& received, std::string_view sent) {
  HeadRewrite rewrite = compare(received, sent);
  const std::string_view line = sent.substr(0, sent.find("\r\n"));
  const std::size_t begin = line.find(' ') + 1;
  rewrite.target_changed = line.substr(begin, line.rfind(' ') - begin) != received.target;
  return rewrite;
}

HeadRewrite compare_heads(const ResponseHead& received, std::string_view sent) {
  return compare(received, sent);
}

}  // namespace osproxy::http
