// Says for a person why an HTTP call brought no response.
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <string>

#include <boost/system/error_code.hpp>

namespace osproxy::client {

enum class HttpFault : std::uint8_t {
  Refused,      ///< no process listens at the address
  UnknownHost,  ///< the host name does not resolve, or not in time
  TimedOut,     ///< no complete response within the deadline
  CutOff,       ///< the connection ended before the response was complete
  TooLarge,     ///< the response is larger than the caller accepts
  NotHttp,      ///< the response is not HTTP
  NotTls,       ///< the server does not speak TLS, but mostly plain HTTP
  Untrusted,    ///< no trusted CA has issued the server's certificate
  WrongName,    ///< the server's certificate is for another name
  Expired,      ///< the server's certificate has expired, or is not valid yet
  Other,        ///< another error of the system or of TLS
};

/// A regular value.
struct HttpError {
  HttpFault fault = HttpFault::Other;
  std::string reason{};  ///< a clause; the caller adds the address and a hint on how to go on

  friend bool operator==(const HttpError&, const HttpError&) = default;
};

/// The deadline passed while the name server was asked for `host`.
HttpError lookup_timed_out(const std::string& host);

/// Translates an error of Asio, Beast or OpenSSL.
HttpError to_http_error(const boost::system::error_code& error);

}  // namespace osproxy::client
