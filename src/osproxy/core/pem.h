// Reads certificates and private keys from PEM text, as OpenSSL handles that free themselves.
//
//   const auto chain = parse_certificates(pem);            // empty if there is none
//   const auto key = parse_private_key(other_pem);
//   if (!key) fail("the key file " + key.error());         // "holds no private key in PEM format"
//   if (!belong_together(*chain.front(), **key)) fail("the key is not the certificate's");
//
// Errors contain no secrets.
//
// Thread safety: free functions. They clean this thread's error queue of OpenSSL.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st;  // OpenSSL's EVP_PKEY
struct x509_st;      // and X509

namespace osproxy {

struct FreeCertificate {
  void operator()(x509_st* certificate) const noexcept;
};
struct FreePrivateKey {
  void operator()(evp_pkey_st* key) const noexcept;
};

using Certificate = std::unique_ptr<x509_st, FreeCertificate>;
using PrivateKey = std::unique_ptr<evp_pkey_st, FreePrivateKey>;

/// Empties this thread's error queue of OpenSSL at the end of its scope, so that other code does
/// not take old errors for new ones.
class ErrorQueueCleaner {
 public:
  ErrorQueueCleaner() = default;
  ~ErrorQueueCleaner();
  ErrorQueueCleaner(const ErrorQueueCleaner&) = delete;
  ErrorQueueCleaner& operator=(const ErrorQueueCleaner&) = delete;
};

/// The largest PEM file that is read: the CAs that a system trusts take 0.2 MiB.
inline constexpr std::size_t kMaxPemBytes = std::size_t{1} << 20;

/// Returns the certificates in their order. Skips other text between them, and stops at a broken
/// one.
std::vector<Certificate> parse_certificates(std::string_view pem);

/// Returns the first private key. The error is a clause; the caller puts the name of the file
/// before it.
std::expected<PrivateKey, std::string> parse_private_key(std::string_view pem);

/// True if `key` is the private key of the certificate.
bool belong_together(const x509_st& certificate, const evp_pkey_st& key);

}  // namespace osproxy
