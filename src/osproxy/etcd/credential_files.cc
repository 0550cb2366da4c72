#include "osproxy/etcd/credential_files.h"

#include <utility>

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "osproxy/core/pem.h"
#include "osproxy/core/read_file.h"

namespace osproxy::etcd {
namespace {

using Bytes = std::expected<std::string, std::string>;

constexpr std::size_t kMaxPasswordBytes = 4096;

std::unexpected<std::string> bad(std::string_view what, const std::string& path,
                                 std::string_view why) {
  return std::unexpected(fmt::format("the etcd {} file \"{}\" {}", what, path, why));
}

Bytes read(std::string_view what, const std::string& path) {
  if (path.empty()) return std::string{};
  auto bytes = read_file(path, kMaxPemBytes);
  if (!bytes) return bad(what, path, bytes.error());
  return bytes;
}

}  // namespace

std::expected<TlsPem, std::string> read_tls_files(const EtcdCredentials& credentials) {
  const auto& [ca_file, cert_file, key_file, user, password_file] = credentials;
  auto roots = read("CA", ca_file);
  if (!roots) return std::unexpected(std::move(roots).error());
  auto chain = read("certificate", cert_file);
  if (!chain) return std::unexpected(std::move(chain).error());
  auto key = read("key", key_file);
  if (!key) return std::unexpected(std::move(key).error());

  if (!ca_file.empty() && parse_certificates(*roots).empty()) {
    return bad("CA", ca_file, "holds no certificate in PEM format");
  }
  if (!cert_file.empty()) {
    const auto certificates = parse_certificates(*chain);
    if (certificates.empty())
      return bad("certificate", cert_file, "holds no certificate in PEM format");
    const auto private_key = parse_private_key(*key);
    if (!private_key) return bad("key", key_file, private_key.error());
    if (!belong_together(*certificates.front(), **private_key)) {
      return bad("key", key_file,
                 fmt::format("does not belong to the certificate in \"{}\"", cert_file));
    }
  }
  return TlsPem{.roots = *std::move(roots), .chain = *std::move(chain), .key = *std::move(key)};
}

void use_pem(ssl_ctx_st& context, const TlsPem& pem) {
  const ErrorQueueCleaner cleaner;  // gRPC reads this thread's error queue too
  if (pem.roots.empty()) {
    SSL_CTX_set_default_verify_paths(&context);
  } else {
    for (const Certificate& root : parse_certificates(pem.roots)) {
      X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), root.get());
    }
  }
  const auto chain = parse_certificates(pem.chain);
  if (chain.empty()) return;
  SSL_CTX_use_certificate(&context, chain.front().get());
  for (auto issuer = chain.begin() + 1; issuer != chain.end(); ++issuer) {
    SSL_CTX_add1_chain_cert(&context, issuer->get());
  }
  if (const auto key = parse_private_key(pem.key)) SSL_CTX_use_PrivateKey(&context, key->get());
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
