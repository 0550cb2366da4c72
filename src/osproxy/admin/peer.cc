#include "osproxy/admin/peer.h"

#include <algorithm>
#include <cstddef>

#include <boost/asio/ip/address.hpp>

namespace osproxy::admin {

Peer Peer::of(const boost::asio::ip::address& address) {
  Peer peer{.is_loopback = address.is_loopback()};
  boost::asio::ip::address_v6 whole;
  if (address.is_v4()) {
    whole = boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4());
  } else {
    whole = address.to_v6();
  }
  const auto bytes = whole.to_bytes();
  if (whole.is_v4_mapped()) {
    std::ranges::copy(bytes, peer.network.begin());
    peer.is_loopback =
        boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, whole).is_loopback();
  } else {
    constexpr std::size_t kNetworkBytes = 8;
    std::copy_n(bytes.begin(), kNetworkBytes, peer.network.begin());
  }
  return peer;
}

std::string Peer::to_string() const {
  const boost::asio::ip::address_v6 whole(network);
  if (whole.is_v4_mapped()) {
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, whole).to_string();
  }
  return whole.to_string() + "/64";
}

}  // namespace osproxy::admin
