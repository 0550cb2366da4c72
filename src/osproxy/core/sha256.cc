#include "osproxy/core/sha256.h"

#include <openssl/evp.h>

namespace osproxy {

std::optional<std::string> sha256(std::string_view message) {
  std::string digest(kSha256Bytes, '\0');
  unsigned int size = 0;
  auto* const bytes = reinterpret_cast<unsigned char*>(digest.data());
  if (EVP_Digest(message.data(), message.size(), bytes, &size, EVP_sha256(), nullptr) != 1 ||
      size != digest.size()) {
    return std::nullopt;
  }
  return digest;
}

}  // namespace osproxy
