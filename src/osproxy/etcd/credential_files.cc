#include "osproxy/etcd/credential_files.h"

#include <memory>
#include <utility>

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "osproxy/core/read_file.h"

namespace osproxy::etcd {
namespace {

using Bytes = std::expected<std::string, std::string>;

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, FreeWith<&BIO_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<&X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreeWith<&EVP_PKEY_free>>;

/// gRPC looks at this thread's error queue too: what we leave there would be taken for its own.
class ErrorQueueCleaner {
 public:
  ErrorQueueCleaner() = default;
  ~ErrorQueueCleaner() { ERR_clear_error(); }
  ErrorQueueCleaner(const ErrorQueueCleaner&) = delete;
  ErrorQueueCleaner& operator=(const ErrorQueueCleaner&) = delete;
};

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;  // the system's CAs are 0.2 MiB
constexpr std::size_t kMaxPasswordBytes = 4096;

std::unexpected<std::string> bad(std::string_view what, const std::string& path,
                                 std::string_view why) {
  return std::unexpected(fmt::format("the etcd {} file \"{}\" {}", what, path, why));
}

Bytes read(std::string_view what, const std::string& path) {
  if (path.empty()) return std::string{};
  auto bytes = read_file(path, kMaxFileBytes);
  if (!bytes) return bad(what, path, bytes.error());
  return bytes;
}

Bio bio_of(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// The next certificate; null behind the last one.
Certificate next_certificate(BIO* pem) {
  return Certificate(PEM_read_bio_X509(pem, nullptr, nullptr, nullptr));
}

Certificate first_certificate(const std::string& pem) {
  return next_certificate(bio_of(pem).get());
}

/// Nobody is there to be asked for a passphrase: without this, OpenSSL would ask on the terminal.
int refuse_passphrase(char*, int, int, void*) { return -1; }

PrivateKey private_key(const std::string& pem) {
  return PrivateKey(
      PEM_read_bio_PrivateKey(bio_of(pem).get(), nullptr, &refuse_passphrase, nullptr));
}

}  // namespace

std::expected<TlsPem, std::string> read_tls_files(const EtcdCredentials& credentials) {
  const ErrorQueueCleaner cleaner;
  const auto& [ca_file, cert_file, key_file, user, password_file] = credentials;
  auto roots = read("CA", ca_file);
  if (!roots) return std::unexpected(std::move(roots).error());
  auto chain = read("certificate", cert_file);
  if (!chain) return std::unexpected(std::move(chain).error());
  auto key = read("key", key_file);
  if (!key) return std::unexpected(std::move(key).error());

  if (!ca_file.empty() && !first_certificate(*roots)) {
    return bad("CA", ca_file, "holds no certificate in PEM format");
  }
  if (!cert_file.empty()) {
    const Certificate ours = first_certificate(*chain);
    if (!ours) return bad("certificate", cert_file, "holds no certificate in PEM format");
    const PrivateKey ours_too = private_key(*key);
    if (!ours_too) {
      return bad("key", key_file, "holds no private key in PEM format without a passphrase");
    }
    if (X509_check_private_key(ours.get(), ours_too.get()) != 1) {
      return bad("key", key_file,
                 fmt::format("does not belong to the certificate in \"{}\"", cert_file));
    }
  }
  return TlsPem{.roots = *std::move(roots), .chain = *std::move(chain), .key = *std::move(key)};
}

void use_pem(ssl_ctx_st& context, const TlsPem& pem) {
  const ErrorQueueCleaner cleaner;
  if (pem.roots.empty()) {
    SSL_CTX_set_default_verify_paths(&context);
  } else {
    const Bio roots = bio_of(pem.roots);
    while (const Certificate root = next_certificate(roots.get())) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), root.get());
    }
  }
  if (pem.chain.empty()) return;
  const Bio chain = bio_of(pem.chain);
  if (const Certificate ours = next_certificate(chain.get())) {
    SSL_CTX_use_certificate(&context, ours.get());
  }
  while (const Certificate issuer = next_certificate(chain.get())) {
    SSL_CTX_add1_chain_cert(&context, issuer.get());
  }
  if (const PrivateKey key = private_key(pem.key)) SSL_CTX_use_PrivateKey(&context, key.get());
}

std::expected<std::string, std::string> read_password(const EtcdCredentials& credentials) {
  auto password = read("password", credentials.password_file);
  if (!password || credentials.password_file.empty()) return password;
  while (password->ends_with('\n') || password->ends_with('\r')) password->pop_back();
  if (password->empty()) return bad("password", credentials.password_file, "is empty");
  if (password->size() > kMaxPasswordBytes) {
    return bad("password", credentials.password_file, "is too large to be one");
  }
  return password;
}

}  // namespace osproxy::etcd
