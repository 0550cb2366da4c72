#include "osproxy/upstream/address_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

AddressBook::Address address(const char* text) {
  return {boost::asio::ip::make_address(text), 9200};
}
const auto kA = address("10.0.0.1");
const auto kB = address("10.0.0.2");

constexpr HealthCheckOptions kOptions{.interval = 5s, .unhealthy_after = 2, .healthy_after = 2};

bool probe(AddressHealth& health, NodeFault a, NodeFault b) {
  return health.probed({{.address = kA, .fault = a}, {.address = kB, .fault = b}});
}

TEST(AddressHealth, TheFirstCheckOfAnAddressCountsAlone) {
  AddressHealth health(kOptions);
  EXPECT_TRUE(probe(health, NodeFault::ResponseTimedOut, NodeFault::None));
  EXPECT_THAT(health.failing(), ElementsAre(kA));
}

TEST(AddressHealth, LaterSeveralChecksInARowChangeIt) {
  AddressHealth health(kOptions);
  probe(health, NodeFault::None, NodeFault::None);
  EXPECT_FALSE(probe(health, NodeFault::Closed, NodeFault::None));
  EXPECT_FALSE(probe(health, NodeFault::None, NodeFault::Closed));
  EXPECT_THAT(health.failing(), IsEmpty());
  EXPECT_TRUE(probe(health, NodeFault::None, NodeFault::Closed));
  EXPECT_THAT(health.failing(), ElementsAre(kB));
  EXPECT_FALSE(probe(health, NodeFault::None, NodeFault::None));
  EXPECT_TRUE(probe(health, NodeFault::None, NodeFault::None));
  EXPECT_THAT(health.failing(), IsEmpty());
}

TEST(AddressHealth, AnAddressThatTheNameHasLostIsForgotten) {
  AddressHealth health(kOptions);
  probe(health, NodeFault::Closed, NodeFault::None);
  EXPECT_TRUE(health.probed({{.address = kB}}));
  EXPECT_THAT(health.failing(), IsEmpty());
  // It comes back as a new one.
  EXPECT_TRUE(probe(health, NodeFault::Closed, NodeFault::None));
}

TEST(AddressHealth, ADoubtIsCheckedSoon) {
  AddressHealth health(kOptions);
  Random random(1);
  probe(health, NodeFault::None, NodeFault::None);
  EXPECT_GT(health.next(random), 4s);
  probe(health, NodeFault::None, NodeFault::Closed);
  EXPECT_LT(health.next(random), 2s);
}

}  // namespace
}  // namespace osproxy
