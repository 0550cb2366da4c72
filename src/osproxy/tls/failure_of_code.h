// Classifies a failure of TLS whose code has been taken from OpenSSL's error queue already, as Asio
// does.
//
//   if (error) report(explain_failure(*stream.native_handle(), static_cast<unsigned long>(code)));
//
// May be called from any thread.
#pragma once

#include "osproxy/tls/failure.h"

namespace osproxy {

/// The reason why a call on `session` failed with `code`, of OpenSSL.
TlsFault explain_failure(const ssl_st& session, unsigned long code);

}  // namespace osproxy
