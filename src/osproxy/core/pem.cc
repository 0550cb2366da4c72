#include "osproxy/core/pem.h"

#include <utility>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace osproxy {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;

Bio bio_of(std::string_view pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// Refuses to enter a passphrase: OpenSSL would ask for one on the terminal.
int refuse_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

}  // namespace

ErrorQueueCleaner::~ErrorQueueCleaner() { ERR_clear_error(); }

void FreeCertificate::operator()(x509_st* certificate) const noexcept { X509_free(certificate); }

void FreePrivateKey::operator()(evp_pkey_st* key) const noexcept { EVP_PKEY_free(key); }

std::vector<Certificate> parse_certificates(std::string_view pem) {
  const ErrorQueueCleaner cleaner;
  const Bio bio = bio_of(pem);
  std::vector<Certificate> found;
  while (X509* const next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    found.emplace_back(next);
  }
  return found;
}

std::expected<PrivateKey, std::string> parse_private_key(std::string_view pem) {
  const ErrorQueueCleaner cleaner;
  bool encrypted = false;
  PrivateKey key(
      PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, &refuse_passphrase, &encrypted));
  if (key) return key;
  return std::unexpected(encrypted ? "is encrypted: a key with a passphrase cannot be used"
                                   : "holds no private key in PEM format");
}

bool belong_together(const x509_st& certificate, const evp_pkey_st& key) {
  const ErrorQueueCleaner cleaner;
  return X509_check_private_key(&certificate, &key) == 1;
}

}  // namespace osproxy
