#include "osproxy/etcd/fleet_key.h"

#include <gtest/gtest.h>

namespace osproxy::etcd {
namespace {

TEST(FleetKey, StandsNextToTheDocument) {
  EXPECT_EQ(fleet_key("osproxy/directives", "proxy-1"), "osproxy/fleet/proxy-1");
  EXPECT_EQ(fleet_key("a/b/c", "p"), "a/b/fleet/p");
  EXPECT_EQ(fleet_key("directives", "p"), "fleet/p");
  EXPECT_EQ(fleet_prefix("/directives"), "/fleet/");
}

TEST(FleetKey, NoNameLeavesThePrefixOrHasAnothersKey) {
  EXPECT_EQ(fleet_key("o/d", "../directives"), "o/fleet/..%2Fdirectives");
  EXPECT_EQ(fleet_key("o/d", "a b\n"), "o/fleet/a%20b%0A");
  EXPECT_EQ(fleet_key("o/d", "a%20b"), "o/fleet/a%2520b");
}

TEST(FleetKey, EveryNameCanBeReadBack) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const std::string prefix = fleet_prefix("o/d");
  EXPECT_EQ(instance_of(fleet_key("o/d", all).substr(prefix.size())), all);
}

TEST(FleetKey, ShowsASegmentThatIsNotEncodedUnchanged) {
  for (const char* text : {"%", "a%2", "%zz", "%2f", "%%20"}) EXPECT_EQ(instance_of(text), text);
}

}  // namespace
}  // namespace osproxy::etcd
