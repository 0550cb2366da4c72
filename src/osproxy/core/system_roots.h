// The CAs that the system trusts, as PEM, read from disk anew with each call.
//
//   std::string roots = read_system_roots();
//   if (!roots.empty()) options.pem_root_certs = roots;
//
// gRPC reads the system's CAs once in a process, so that it never sees a renewed file: it must be
// given them with each new channel. OpenSSL reads its own for each new context.
//
// Thread safety: a free function, but for changes of the environment. Blocks for as long as the
// file system does.
#pragma once

#include <string>
#include <vector>

namespace osproxy {

/// The first file that can be read of GRPC_DEFAULT_SSL_ROOTS_FILE_PATH, SSL_CERT_FILE, and the
/// bundles of common distributions; empty if there is none.
std::string read_system_roots();

/// The file and the folder from which OpenSSL takes the CAs that the system trusts. Neither need
/// exist.
std::vector<std::string> openssl_root_paths();

}  // namespace osproxy
