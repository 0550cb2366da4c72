#include "osproxy/tls/failure.h"

#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "osproxy/tls/failure_of_code.h"

namespace osproxy {
namespace {

TlsFailure of_verification(long result) noexcept {
  switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TlsFailure::Expired;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return TlsFailure::WrongName;
    default:
      return TlsFailure::Untrusted;
  }
}

/// Classifies an alert by its number (RFC 8446, section 6.2; RFC 7301, section 3.2).
TlsFailure of_alert(int alert) noexcept {
  switch (alert) {
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_INSUFFICIENT_SECURITY:
    case SSL_AD_NO_APPLICATION_PROTOCOL:
      return TlsFailure::Incompatible;
    default:
      return TlsFailure::Refused;
  }
}

TlsFailure of_reason(int reason) noexcept {
  if (reason >= SSL_AD_REASON_OFFSET) return of_alert(reason - SSL_AD_REASON_OFFSET);
  switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST:
    case SSL_R_WRONG_VERSION_NUMBER:  // the first bytes are not those of a TLS record
    case SSL_R_PACKET_LENGTH_TOO_LONG:
      return TlsFailure::NotTls;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_APPLICATION_PROTOCOL:
      return TlsFailure::Incompatible;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return TlsFailure::NoCertificate;
    default:
      return TlsFailure::Other;
  }
}

}  // namespace

std::string_view to_string(TlsFailure failure) noexcept {
  switch (failure) {
    case TlsFailure::TimedOut:
      return "timeout";
    case TlsFailure::Closed:
      return "closed";
    case TlsFailure::NotTls:
      return "not_tls";
    case TlsFailure::Incompatible:
      return "incompatible";
    case TlsFailure::NoCertificate:
      return "no_certificate";
    case TlsFailure::Expired:
      return "expired";
    case TlsFailure::Untrusted:
      return "untrusted";
    case TlsFailure::WrongName:
      return "wrong_name";
    case TlsFailure::Refused:
      return "refused";
    case TlsFailure::Other:
      return "other";
  }
  std::unreachable();
}

std::string_view to_string(TlsSide side) noexcept {
  return side == TlsSide::Client ? "client" : "upstream";
}

TlsFault explain_failure(const ssl_st& session) {
  return explain_failure(session, ERR_peek_error());  // the first; later errors follow from it
}

TlsFault explain_failure(const ssl_st& session, unsigned long code) {
  const char* const words = ERR_reason_error_string(code);
  TlsFault fault{TlsFailure::Other, words == nullptr ? "no reason given" : words};
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return fault;
  const long verified = SSL_get_verify_result(&session);
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
    return {of_verification(verified), X509_verify_cert_error_string(verified)};
  }
  fault.failure = of_reason(ERR_GET_REASON(code));
  return fault;
}

}  // namespace osproxy
