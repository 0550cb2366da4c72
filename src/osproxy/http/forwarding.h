// What OpenSearch is told about the client behind the proxy: `Forwarded` (RFC 7239) and the
// `X-Forwarded-For`, `-Proto` and `-Host` that came before it.
//
//   Forwarding forwarding(options.forwarding, peer, /*tls=*/false);     // one a connection
//   …for each header: if (forwarding.replaces(header.name)) leave it out…
//   forwarding.append(head, out);
//
// Added, our element goes behind the ones that the client sent, in one line with them: there are
// receivers that look at one line only. `X-Forwarded-Proto` and `-Host` are no lists: the client's
// stay. Replaced, what the client sent is left out. Belongs to one connection.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

#include "osproxy/http/head.h"

namespace osproxy::http {

enum class ForwardingMode : std::uint8_t {
  Off,      ///< what the client sends is passed on as it is
  Add,      ///< for a proxy behind others
  Replace,  ///< for a proxy that clients reach directly: what they claim is not believed
};

struct ForwardingOptions {
  ForwardingMode forwarded = ForwardingMode::Off;    ///< `Forwarded`
  ForwardingMode x_forwarded = ForwardingMode::Off;  ///< the `X-Forwarded-…`

  bool is_off() const noexcept {
    return forwarded == ForwardingMode::Off && x_forwarded == ForwardingMode::Off;
  }
};

class Forwarding {
 public:
  /// Nothing is told.
  Forwarding() = default;

  Forwarding(const ForwardingOptions& options, boost::asio::ip::address client, bool tls);

  bool is_off() const noexcept { return options_.is_off(); }

  /// The header is not passed on as it is: append() writes it.
  bool replaces(std::string_view name) const noexcept;

  /// Writes the header lines that go out for this request.
  void append(const RequestHead& head, std::string& out) const;

 private:
  ForwardingOptions options_;
  std::string address_;  // 192.0.2.1, 2001:db8::1
  std::string node_;     // as Forwarded writes it: 192.0.2.1, "[2001:db8::1]"
  std::string_view proto_ = "http";
};

}  // namespace osproxy::http
