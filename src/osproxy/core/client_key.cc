#include "osproxy/core/client_key.h"

#include <cstddef>
#include <span>

namespace osproxy {

ClientKey client_key(const IpAddress& address) noexcept {
  constexpr std::size_t kV4 = 4;
  const auto bytes = std::span<const std::uint8_t>(address.bytes);
  ClientKey key = 0;
  for (const std::uint8_t byte : address.is_v4() ? bytes.last(kV4) : bytes.first(sizeof key)) {
    key = key << 8U | byte;
  }
  return key;
}

}  // namespace osproxy
