#include "osproxy/core/system_roots.h"

#include <array>
#include <cstdlib>

#include <openssl/x509.h>

#include "osproxy/core/pem.h"
#include "osproxy/core/read_file.h"

namespace osproxy {
namespace {

// Both are well known: the first is gRPC's, the second OpenSSL's.
constexpr std::array<const char*, 2> kVariables{"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
                                                "SSL_CERT_FILE"};

constexpr std::array<const char*, 4> kBundles{
    "/etc/ssl/certs/ca-certificates.crt",  // Debian and its like
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora and its like
    "/etc/ssl/ca-bundle.pem",              // openSUSE
    "/etc/ssl/cert.pem",                   // Alpine
};

/// The value of a variable, if it has one.
std::string value_or(const char* variable, const char* otherwise) {
  const char* const value = std::getenv(variable);
  return value == nullptr || *value == '\0' ? otherwise : value;
}

}  // namespace

std::string read_system_roots() {
  for (const char* const variable : kVariables) {
    const char* const path = std::getenv(variable);
    if (path == nullptr || *path == '\0') continue;
    if (auto roots = read_file(path, kMaxPemBytes)) return *std::move(roots);
  }
  for (const char* const path : kBundles) {
    if (auto roots = read_file(path, kMaxPemBytes)) return *std::move(roots);
  }
  return {};
}

std::vector<std::string> openssl_root_paths() {
  return {value_or(X509_get_default_cert_file_env(), X509_get_default_cert_file()),
          value_or(X509_get_default_cert_dir_env(), X509_get_default_cert_dir())};
}

}  // namespace osproxy
