// Classifies failures of TLS connections by what an operator can do about them.
//
//   if (SSL_do_handshake(ssl) < 0) log(to_string(explain_failure(*ssl).failure));
//
// May be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

struct ssl_st;  // OpenSSL's SSL

namespace osproxy {

/// The kind of peer.
enum class TlsSide : std::uint8_t { Client, Upstream };
inline constexpr std::size_t kTlsSideCount = 2;

enum class TlsFailure : std::uint8_t {
  TimedOut,       ///< the handshake took too long
  Closed,         ///< the peer closed the connection during the handshake
  NotTls,         ///< the peer does not speak TLS, but mostly plain HTTP
  Incompatible,   ///< no version, cipher or application protocol in common
  NoCertificate,  ///< the client has sent no certificate
  Expired,        ///< the peer's certificate has expired, or is not valid yet
  Untrusted,      ///< no trusted CA has issued the peer's certificate, or it is not for this use
  WrongName,      ///< the node's certificate is not for the name that osproxy connects to
  Refused,        ///< the peer has sent an alert, for example about osproxy's certificate
  Other,          ///< a broken record, or another violation of the protocol
};
inline constexpr std::size_t kTlsFailureCount = 10;

/// The label of metrics, such as "untrusted".
std::string_view to_string(TlsFailure failure) noexcept;
std::string_view to_string(TlsSide side) noexcept;

struct TlsFault {
  TlsFailure failure;
  std::string text;  ///< OpenSSL's reason for the log: "unable to get local issuer certificate"
};

/// A failed connection, for the log.
struct TlsReport {
  TlsSide side;
  std::string_view peer;  ///< address and port
  const TlsFault& fault;
};

/// The reason why the last call on `session` failed. Reads OpenSSL's error queue of this thread,
/// which must have been empty before that call.
TlsFault explain_failure(const ssl_st& session);

}  // namespace osproxy
