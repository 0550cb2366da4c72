#include "osproxy/core/client_key.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

ClientKey key_of(std::string_view address) { return client_key(IpAddress::parse(address).value()); }

TEST(ClientKey, TellsAddressesApart) {
  EXPECT_EQ(key_of("192.0.2.7"), 0xc0000207U);
  EXPECT_NE(key_of("192.0.2.7"), key_of("192.0.2.8"));
  EXPECT_EQ(key_of("192.0.2.7"), key_of("::ffff:192.0.2.7"));
}

TEST(ClientKey, TakesANetworkOfIPv6ForOneClient) {
  EXPECT_EQ(key_of("2001:db8:1:2::7"), key_of("2001:db8:1:2:ffff::1"));
  EXPECT_NE(key_of("2001:db8:1:2::7"), key_of("2001:db8:1:3::7"));
}

}  // namespace
}  // namespace osproxy
