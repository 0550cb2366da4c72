// Reads and checks the files of EtcdCredentials.
//
// Thread safety: free functions. A file that is replaced while it is read is returned in its old or
// its new form, or refused: a certificate and a key that do not belong together are never returned.
// An error is a clause that names the file and its problem. It never contains a secret.
#pragma once

#include <expected>
#include <string>

#include "osproxy/etcd/etcd_options.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace osproxy::etcd {

/// The bytes of the PEM files, which have been parsed once; empty where no file is given.
struct TlsPem {
  std::string roots{};
  std::string chain{};
  std::string key{};

  friend bool operator==(const TlsPem&, const TlsPem&) = default;
};

std::expected<TlsPem, std::string> read_tls_files(const EtcdCredentials& credentials);

/// Makes an OpenSSL client context trust the roots (the system's if there are none) and present the
/// certificate, if there is one.
void use_pem(ssl_ctx_st& context, const TlsPem& pem);

/// The password without its line end; empty if no file is given.
std::expected<std::string, std::string> read_password(const EtcdCredentials& credentials);

}  // namespace osproxy::etcd
