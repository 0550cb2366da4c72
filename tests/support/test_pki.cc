#include "tests/support/test_pki.h"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace osproxy {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

File open(const std::string& path) {
  File file(std::fopen(path.c_str(), "we"));
  EXPECT_NE(file, nullptr) << path;
  return file;
}

void write(const std::string& path, X509& certificate) {
  EXPECT_EQ(PEM_write_X509(open(path).get(), &certificate), 1);
}

void write(const std::string& path, EVP_PKEY& key) {
  EXPECT_EQ(PEM_write_PrivateKey(open(path).get(), &key, nullptr, nullptr, 0, nullptr, nullptr), 1);
}

void add_extension(X509& certificate, int nid, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(&certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// A certificate without the issuer's name and signature.
Certificate draft(EVP_PKEY& key, const std::vector<std::string>& common_names,
                  std::chrono::seconds life) {
  static int serial = 0;
  Certificate certificate(X509_new());
  X509* const x509 = certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x509), -86400);
  X509_gmtime_adj(X509_getm_notAfter(x509), static_cast<long>(life.count()));
  X509_set_pubkey(x509, &key);
  for (const std::string& name : common_names) {
    X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
  }
  return certificate;
}

}  // namespace

TestAuthority::TestAuthority(std::filesystem::path dir, const std::string& name)
    : dir_(std::move(dir)), file_(dir_ / (name + ".crt")), key_(EVP_EC_gen("P-256")) {
  certificate_ = draft(*key_, {name}, std::chrono::hours(24));
  X509* const own = certificate_.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  add_extension(*own, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(own, key_.get(), EVP_sha256());
  write(file_, *own);
}

TlsPair TestAuthority::issue(const std::string& name, const TestSubject& subject) const {
  TlsPair pair{.cert_file = dir_ / (name + ".crt"), .key_file = dir_ / (name + ".key")};
  const PrivateKey key(EVP_EC_gen("P-256"));
  const Certificate certificate = draft(
      *key, subject.common_names.empty() ? std::vector{name} : subject.common_names, subject.life);
  X509* const issued = certificate.get();
  X509_set_issuer_name(issued, X509_get_subject_name(certificate_.get()));
  add_extension(*issued, NID_ext_key_usage, "serverAuth,clientAuth");
  if (!subject.alt_names.empty()) {
    add_extension(*issued, NID_subject_alt_name, subject.alt_names);
  }
  X509_sign(issued, key_.get(), EVP_sha256());
  write(pair.cert_file, *issued);
  write(pair.key_file, *key);
  return pair;
}

void encrypt_key(const std::string& key_file) {
  std::ostringstream pem;
  pem << std::ifstream(key_file).rdbuf();
  const auto key = parse_private_key(pem.str());
  ASSERT_TRUE(key) << key.error();
  char passphrase[] = "secret";
  EXPECT_EQ(PEM_write_PrivateKey(open(key_file).get(), key->get(), EVP_aes_256_cbc(), nullptr, 0,
                                 nullptr, passphrase),
            1);
}

}  // namespace osproxy
