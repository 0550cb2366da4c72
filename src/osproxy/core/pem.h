// Certificates and private keys out of PEM text, as handles of OpenSSL that free themselves.
//
//   const auto chain = parse_certificates(pem);          // empty: there is none in it
//   const auto key = parse_private_key(other_pem);
//   if (!key) fail("the key file " + key.error());       // "holds no private key in PEM format"
//   if (!belong_together(*chain.front(), **key)) …
//
// Thread safety: free functions. They clean this thread's error queue of OpenSSL. Errors hold no
// secrets.
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

/// Leaves nothing on this thread's error queue of OpenSSL, where others would take it for their
/// own.
class ErrorQueueCleaner {
 public:
  ErrorQueueCleaner() = default;
  ~ErrorQueueCleaner();
  ErrorQueueCleaner(const ErrorQueueCleaner&) = delete;
  ErrorQueueCleaner& operator=(const ErrorQueueCleaner&) = delete;
};

/// A file of PEM that has more is none: the CAs that a system trusts are 0.2 MiB.
inline constexpr std::size_t kMaxPemBytes = std::size_t{1} << 20;

/// All certificates in it, in their order; what is between them is skipped, and what is behind a
/// broken one is not looked at.
std::vector<Certificate> parse_certificates(std::string_view pem);

/// The first key in it. The error is a clause that goes behind the name of the file.
std::expected<PrivateKey, std::string> parse_private_key(std::string_view pem);

/// True if `key` is the private half of what stands in the certificate.
bool belong_together(const x509_st& certificate, const evp_pkey_st& key);

}  // namespace osproxy
