#include "osproxy/proxy/refusal.h"

#include <utility>

namespace osproxy {
namespace {

/// Full nodes have room again within moments, or they do not for a long time.
constexpr int kRetryAfterS = 1;

Refusal refusal_for(TlsFailure failure) noexcept {
  switch (failure) {
    case TlsFailure::TimedOut:
      return {504, "the TLS handshake with OpenSearch took too long"};
    case TlsFailure::Closed:
      return {502, "OpenSearch closed the connection during the TLS handshake"};
    case TlsFailure::NotTls:
      return {502, "OpenSearch does not speak TLS on this port"};
    case TlsFailure::Incompatible:
      return {502, "OpenSearch and osproxy have no TLS version or cipher in common"};
    case TlsFailure::Expired:
      return {502, "OpenSearch's certificate has expired or is not valid yet"};
    case TlsFailure::Untrusted:
      return {502, "OpenSearch's certificate is not issued by a CA that is trusted"};
    case TlsFailure::WrongName:
      return {502, "OpenSearch's certificate is for another name"};
    case TlsFailure::Refused:
      return {502, "OpenSearch refused the TLS connection; it may want a client certificate"};
    case TlsFailure::NoCertificate:
    case TlsFailure::Other:
      return {502, "the TLS connection to OpenSearch failed"};
  }
  std::unreachable();
}

}  // namespace

Refusal refusal_for(const ExchangeResult& result) noexcept {
  switch (result.error) {
    case http::ProxyError::BadRequest:
      return {400, "the framing of the request's body is malformed"};
    case http::ProxyError::BodyTooLarge:
      return {413, "the request's body is larger than this proxy allows"};
    case http::ProxyError::RequestTimeout:
      return {408, "the request's body did not arrive in time"};
    case http::ProxyError::UpstreamTimeout:
      return {504, result.name_timed_out
                       ? "the lookup of OpenSearch's name timed out; the name server may be silent"
                       : "OpenSearch did not respond in time"};
    case http::ProxyError::UpstreamTls:
      return refusal_for(result.tls_failure);
    case http::ProxyError::UpstreamClosed:
      return {502, "OpenSearch closed the connection without a response"};
    case http::ProxyError::UpstreamMalformed:
      return {502, "OpenSearch's response is malformed"};
    case http::ProxyError::UpstreamUnreachable:
      return {502, "no OpenSearch node can be reached"};
    case http::ProxyError::UpstreamBusy:
      return {503, "no connection to an OpenSearch node is free for this client", kRetryAfterS};
    case http::ProxyError::ExchangeTimeout:
      return {504, "the request took longer than this proxy allows"};
    case http::ProxyError::TooManyConnections:
      return {503, "too many connections"};
    case http::ProxyError::None:
    case http::ProxyError::ClientGone:
    case http::ProxyError::ClientTooSlow:
    case http::ProxyError::Stopped:
      return {500, "internal error"};
  }
  std::unreachable();
}

}  // namespace osproxy
