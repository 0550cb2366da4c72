// Tells OpenSearch about the client: `Forwarded` (RFC 7239), and the older `X-Forwarded-For`,
// `-Proto` and `-Host`.
//
//   Forwarding forwarding(options, peer, /*tls=*/false);  // one for each connection
//   for (const Header& header : head.headers) {
//     if (!forwarding.replaces(header.name)) out.append(header.line);
//   }
//   forwarding.append(head, out);
//
// Mode Add appends an element to the client's elements, and writes them all in one line, because
// some receivers read one line only. `X-Forwarded-Proto` and `-Host` are not lists, so that a
// client's value stays. Mode Replace leaves the client's elements and values out.
//
// Belongs to one connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "osproxy/core/cidr.h"
#include "osproxy/http/head.h"

namespace osproxy::http {

enum class ForwardingMode : std::uint8_t {
  Off,      ///< the client's headers are forwarded unchanged
  Add,      ///< for a proxy that other proxies connect to
  Replace,  ///< for a proxy that clients connect to, whose claims are not trusted
};

struct ForwardingOptions {
  ForwardingMode forwarded = ForwardingMode::Off;    ///< `Forwarded`
  ForwardingMode x_forwarded = ForwardingMode::Off;  ///< `X-Forwarded-For`, `-Proto`, `-Host`

  bool is_off() const noexcept {
    return forwarded == ForwardingMode::Off && x_forwarded == ForwardingMode::Off;
  }
};

class Forwarding {
 public:
  /// Off: adds and replaces nothing.
  Forwarding() = default;

  Forwarding(const ForwardingOptions& options, const IpAddress& client, bool tls);

  bool is_off() const noexcept { return options_.is_off(); }

  /// True if the client's header must be left out, because append() writes it.
  bool replaces(std::string_view name) const noexcept;

  /// Writes the header lines for this request.
  void append(const RequestHead& head, std::string& out) const;

 private:
  ForwardingOptions options_;
  std::string address_;  // 192.0.2.1, 2001:db8::1
  std::string node_;     // in the syntax of Forwarded: 192.0.2.1, "[2001:db8::1]"
  std::string_view proto_ = "http";
};

}  // namespace osproxy::http
