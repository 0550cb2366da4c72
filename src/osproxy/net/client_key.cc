#include "osproxy/net/client_key.h"

#include <cstddef>

#include "osproxy/net/asio_types.h"
#include "osproxy/net/connection.h"

namespace osproxy {

ClientKey client_key(Connection& client) noexcept {
  error_code error;
  const auto address = client.socket().remote_endpoint(error).address();
  if (error) return 0;
  if (address.is_v4()) return address.to_v4().to_uint();
  if (address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_uint();
  }
  const auto bytes = address.to_v6().to_bytes();
  ClientKey network = 0;
  for (std::size_t i = 0; i < sizeof network; ++i) network = network << 8U | bytes[i];
  return network;
}

}  // namespace osproxy
