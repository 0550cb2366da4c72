#include "osproxy/client/tls_setup.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "osproxy/core/address.h"

namespace osproxy::client {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

error_code load(const TlsCredentials& credentials, asio::ssl::context& context) {
  error_code error;
  context.set_verify_mode(asio::ssl::verify_peer, error);
  if (error) return error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  if (credentials.roots.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.add_certificate_authority(asio::buffer(credentials.roots), error);
  }
  if (error || credentials.chain.empty()) return error;
  context.use_certificate_chain(asio::buffer(credentials.chain), error);
  if (error) return error;
  context.use_private_key(asio::buffer(credentials.key), asio::ssl::context::pem, error);
  return error;
}

bool is_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

HttpError explain_verification(long result) {
  const std::string words = X509_verify_cert_error_string(result);
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return {HttpFault::WrongName, "the server's certificate is for another name"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return {HttpFault::Expired, "the server's certificate, or one of its issuers, has expired"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return {HttpFault::Expired, "the server's certificate is not valid yet: compare the clocks"};
    default:
      return {HttpFault::Untrusted, "the server's certificate is not trusted: " + words};
  }
}

}  // namespace

std::optional<HttpError> load_credentials(const TlsCredentials& credentials,
                                          asio::ssl::context& context) {
  const error_code error = load(credentials, context);
  return error ? std::optional(to_http_error(error)) : std::nullopt;
}

void expect_server(SSL& session, const std::string& host) {
  const std::string name(tls_name(host));
  X509_VERIFY_PARAM* const expected = SSL_get0_param(&session);
  if (is_address(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str());
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(
      expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size());
  SSL_set_tlsext_host_name(&session, name.c_str());  // SNI carries no addresses (RFC 6066)
}

HttpError explain_handshake(const error_code& error, const SSL& session) {
  if (error.category() != asio::error::get_ssl_category()) return to_http_error(error);
  const int reason = ERR_GET_REASON(static_cast<unsigned long>(error.value()));
  const long verified = SSL_get_verify_result(&session);
  if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK) {
    return explain_verification(verified);
  }
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
      reason == SSL_R_PACKET_LENGTH_TOO_LONG) {
    return {HttpFault::NotTls, "the server does not speak TLS"};
  }
  return {HttpFault::Other, "TLS failed: " + error.message()};
}

}  // namespace osproxy::client
