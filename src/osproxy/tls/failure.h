// Why a TLS connection failed, in as many classes as an operator acts on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

struct ssl_st;  // OpenSSL's SSL

namespace osproxy {

/// Who is at the other end.
enum class TlsSide : std::uint8_t { Client, Upstream };
inline constexpr std::size_t kTlsSideCount = 2;

enum class TlsFailure : std::uint8_t {
  TimedOut,       ///< the handshake took too long
  Closed,         ///< the other side closed the connection during the handshake
  NotTls,         ///< what came is no TLS; plain HTTP, mostly
  Incompatible,   ///< no version, cipher or application protocol in common
  NoCertificate,  ///< the client has none to show
  Expired,        ///< the other side's certificate has expired, or is not valid yet
  Untrusted,      ///< it is issued by nobody that we trust, or is not for this use
  WrongName,      ///< it is not for the name that we connected to
  Refused,        ///< the other side will not have us: an alert, such as for our certificate
  Other,          ///< a broken record, or a rule of the protocol that was broken
};
inline constexpr std::size_t kTlsFailureCount = 10;

/// "untrusted": as a metric's label.
std::string_view to_string(TlsFailure failure) noexcept;
std::string_view to_string(TlsSide side) noexcept;

struct TlsFault {
  TlsFailure failure;
  std::string text;  ///< OpenSSL's words, for the log: "unable to get local issuer certificate"
};

/// One failed connection, for the log.
struct TlsReport {
  TlsSide side;
  std::string_view peer;  ///< its address, and port
  const TlsFault& fault;
};

/// What the last call on `session` failed of. Reads this thread's error queue of OpenSSL, which
/// must have been empty before that call.
TlsFault explain_failure(const ssl_st& session);

}  // namespace osproxy
