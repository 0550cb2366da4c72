// The files of EtcdCredentials, read and checked before anything is tried with them.
//
// Thread safety: free functions; a file may be replaced while it is read, and is then either as it
// was, as it is, or refused: a certificate and a key that do not belong together never get out.
// Errors name the file and what is wrong with it, in one clause. Secrets are in none.
#pragma once

#include <expected>
#include <string>

#include "osproxy/etcd/etcd_options.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace osproxy::etcd {

/// PEM as it stands in the files, each of them parsed once; empty where there is no file.
struct TlsPem {
  std::string roots{};
  std::string chain{};
  std::string key{};

  friend bool operator==(const TlsPem&, const TlsPem&) = default;
};

std::expected<TlsPem, std::string> read_tls_files(const EtcdCredentials& credentials);

/// Makes a client's context of OpenSSL trust the roots, the system's if there are none, and present
/// the certificate, if there is one.
void use_pem(ssl_ctx_st& context, const TlsPem& pem);

/// The password, without the line end behind it; empty if no file is named.
std::expected<std::string, std::string> read_password(const EtcdCredentials& credentials);

}  // namespace osproxy::etcd
