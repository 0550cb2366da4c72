#include "osproxy/http/forwarding.h"

#include "osproxy/core/field_name.h"

namespace osproxy::http {
namespace {

constexpr std::string_view kForwarded = "Forwarded";
constexpr std::string_view kFor = "X-Forwarded-For";
constexpr std::string_view kProto = "X-Forwarded-Proto";
constexpr std::string_view kHost = "X-Forwarded-Host";

/// True if the client sent the header and `Connection` does not name it.
bool is_from_client(const Header& header, std::string_view name) noexcept {
  return !header.hop_by_hop && equal_names(header.name, name);
}

/// Writes `name: ` and the client's elements, each followed by a comma.
void begin_list(const RequestHead& head, std::string_view name, ForwardingMode mode,
                std::string& out) {
  out.append(name).append(": ");
  if (mode != ForwardingMode::Add) return;
  for (const Header& header : head.headers) {
    if (is_from_client(header, name) && !header.value.empty())
      out.append(header.value).append(", ");
  }
}

bool is_sent(const RequestHead& head, std::string_view name) noexcept {
  for (const Header& header : head.headers) {
    if (is_from_client(header, name)) return true;
  }
  return false;
}

void append_single(const RequestHead& head, std::string_view name, std::string_view value,
                   ForwardingMode mode, std::string& out) {
  if (value.empty() || (mode == ForwardingMode::Add && is_sent(head, name))) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

Forwarding::Forwarding(const ForwardingOptions& options, const IpAddress& client, bool tls)
    : options_(options), address_(client.to_string()), proto_(tls ? "https" : "http") {
  node_ = client.is_v4() ? address_ : "\"[" + address_ + "]\"";
}

bool Forwarding::replaces(std::string_view name) const noexcept {
  if (options_.forwarded != ForwardingMode::Off && equal_names(name, kForwarded)) return true;
  if (options_.x_forwarded == ForwardingMode::Off) return false;
  if (equal_names(name, kFor)) return true;
  return options_.x_forwarded == ForwardingMode::Replace &&
         (equal_names(name, kProto) || equal_names(name, kHost));
}

void Forwarding::append(const RequestHead& head, std::string& out) const {
  if (options_.forwarded != ForwardingMode::Off) {
    begin_list(head, kForwarded, options_.forwarded, out);
    out.append("for=").append(node_);
    // Quoted, because a token has no colon. A valid Host has neither quote nor backslash.
    if (!head.host.empty()) out.append(";host=\"").append(head.host).append("\"");
    out.append(";proto=").append(proto_).append("\r\n");
  }
  if (options_.x_forwarded == ForwardingMode::Off) return;
  begin_list(head, kFor, options_.x_forwarded, out);
  out.append(address_).append("\r\n");
  append_single(head, kProto, proto_, options_.x_forwarded, out);
  append_single(head, kHost, head.host, options_.x_forwarded, out);
}

}  // namespace osproxy::http
