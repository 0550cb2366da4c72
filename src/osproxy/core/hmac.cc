#include "osproxy/core/hmac.h"

#include <array>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace osproxy {

std::optional<std::string> hmac_sha256(std::string_view key, std::string_view message) {
  std::array<unsigned char, kHmacSha256Bytes> mac{};
  unsigned int size = 0;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(message.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, message.size(),
           mac.data(), &size) == nullptr ||
      size != mac.size()) {
    return std::nullopt;
  }
  return std::string(reinterpret_cast<const char*>(mac.data()), mac.size());
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace osproxy
