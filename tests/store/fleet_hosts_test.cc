#include "osproxy/store/fleet_hosts.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(FleetHosts, ContainAllIfNoneIsNamed) {
  EXPECT_TRUE(FleetHosts().are_all());
  EXPECT_TRUE(FleetHosts().contains("10.0.0.7"));
  EXPECT_TRUE(FleetHosts().contains("anything.example"));
}

TEST(FleetHosts, AreNamesSuffixesAddressesAndBlocks) {
  const auto hosts = FleetHosts::parse({"proxy-1", ".search.internal", "10.0.0.7", "fd00::/8"});
  ASSERT_TRUE(hosts) << hosts.error();
  EXPECT_FALSE(hosts->are_all());
  for (const char* yes : {"proxy-1", "PROXY-1", "a.search.internal", "10.0.0.7", "fd00::1"}) {
    EXPECT_TRUE(hosts->contains(yes)) << yes;
  }
  for (const char* no : {"proxy-2", "search.internal", "xsearch.internal", "10.0.0.8", "fe80::1",
                         "a.search.internal.example", ""}) {
    EXPECT_FALSE(hosts->contains(no)) << no;
  }
}

TEST(FleetHosts, RefuseABlockThatIsNone) { EXPECT_FALSE(FleetHosts::parse({"10.0.0.0/99"})); }

}  // namespace
}  // namespace osproxy
