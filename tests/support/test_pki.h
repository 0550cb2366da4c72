// Certificates for tests of TLS, as files.
//
//   TestAuthority ca(dir.path(), "ca");
//   const TlsPair server = ca.issue("server", {.alt_names = "DNS:localhost,IP:127.0.0.1"});
//   options.client_ca_file = ca.file();
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "osproxy/core/pem.h"
#include "osproxy/tls/context.h"

namespace osproxy {

struct TestSubject {
  std::vector<std::string> common_names{};               ///< empty: the name of the files
  std::string alt_names = "DNS:localhost,IP:127.0.0.1";  ///< as OpenSSL writes them; empty: none
  std::chrono::seconds life = std::chrono::hours(1);     ///< negative: it expired that long ago
};

class TestAuthority {
 public:
  TestAuthority(std::filesystem::path dir, const std::string& name);

  /// Its certificate.
  const std::string& file() const noexcept { return file_; }

  /// Writes `name`.crt and `name`.key, valid for servers and clients, over any earlier ones.
  TlsPair issue(const std::string& name, const TestSubject& subject = {}) const;

 private:
  const std::filesystem::path dir_;
  std::string file_;
  PrivateKey key_;
  Certificate certificate_;
};

/// Rewrites a key file with a passphrase.
void encrypt_key(const std::string& key_file);

}  // namespace osproxy
