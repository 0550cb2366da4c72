// Prepares TLS connections to servers, and says for a person why one failed.
//
//   boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
//   if (const auto error = load_credentials(credentials, context)) return fail(*error);
//   expect_server(*stream.native_handle(), "proxy-1.example");
//   if (handshake_error) fail(explain_handshake(handshake_error, *stream.native_handle()));
//
// A server's certificate must have the name or the address that is connected to among its
// alternative names. Its common name counts for nothing (RFC 9525, section 2).
//
// Thread safety: functions without state.
#pragma once

#include <optional>
#include <string>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include "osproxy/client/http_error.h"
#include "osproxy/client/tls_credentials.h"

namespace osproxy::client {

/// Loads the credentials before the handshake, so that a half-written file is reported as such.
std::optional<HttpError> load_credentials(const TlsCredentials& credentials,
                                          boost::asio::ssl::context& context);

/// `host` is a name or an address, as in a URL.
void expect_server(SSL& session, const std::string& host);

/// Why a handshake, or the first read after it, failed with `error`.
HttpError explain_handshake(const boost::system::error_code& error, const SSL& session);

}  // namespace osproxy::client
