// The credentials of a call by TLS, as PEM texts.
//
// A regular value.
#pragma once

#include <string>

namespace osproxy::client {

/// An empty text stands for none.
struct TlsCredentials {
  std::string roots{};  ///< the trusted CAs; none: those of the system
  std::string chain{};  ///< the client's certificate and its issuers
  std::string key{};    ///< of the client's certificate

  friend bool operator==(const TlsCredentials&, const TlsCredentials&) = default;
};

}  // namespace osproxy::client
