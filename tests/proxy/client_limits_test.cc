#include "osproxy/proxy/client_limits.h"

#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using Refused = ClientLimits::Refused;

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

/// Holds the slots of the connections that it opens.
class Clients {
 public:
  explicit Clients(ClientLimitOptions options) : limits(std::move(options)) {}

  Refused open(std::string_view from) {
    auto admission = limits.admit(ip(from));
    if (admission.refusal == Refused::No) slots.push_back(std::move(admission.slot));
    return admission.refusal;
  }

  ClientLimits limits;
  std::vector<ClientLimits::Slot> slots;
};

TEST(ClientLimits, BoundAllConnectionsTogether) {
  Clients clients({.all = 2});
  EXPECT_EQ(clients.open("192.0.2.1"), Refused::No);
  EXPECT_EQ(clients.open("192.0.2.1"), Refused::No);
  EXPECT_EQ(clients.open("192.0.2.2"), Refused::All);
  EXPECT_EQ(clients.limits.refused().all, 1U);
  clients.slots.pop_back();
  EXPECT_EQ(clients.open("192.0.2.2"), Refused::No);
}

TEST(ClientLimits, BoundThoseOfOneAddress) {
  Clients clients({.all = 10, .each = 2});
  EXPECT_EQ(clients.open("192.0.2.1"), Refused::No);
  EXPECT_EQ(clients.open("::ffff:192.0.2.1"), Refused::No) << "the same client";
  EXPECT_EQ(clients.open("192.0.2.1"), Refused::Each);
  EXPECT_EQ(clients.open("192.0.2.2"), Refused::No);
  EXPECT_EQ(clients.limits.refused().each, 1U);
  EXPECT_EQ(clients.limits.refused().all, 0U);
  clients.slots.erase(clients.slots.begin());
  EXPECT_EQ(clients.open("192.0.2.1"), Refused::No);
}

TEST(ClientLimits, CountIpv6ClientsByTheirSite) {
  Clients clients({.all = 10, .each = 1});
  EXPECT_EQ(clients.open("2001:db8:0:1::1"), Refused::No);
  EXPECT_EQ(clients.open("2001:db8:0:1:ffff::2"), Refused::Each);
  EXPECT_EQ(clients.open("2001:db8:0:2::1"), Refused::No);
}

TEST(ClientLimits, CountAClientBehindATrustedProxy) {
  ClientLimits limits({.all = 10, .each = 1, .trusted = {*parse_cidr("10.0.0.0/8")}});
  auto first = limits.admit(ip("10.0.0.1"));
  auto second = limits.admit(ip("10.0.0.1"));
  EXPECT_TRUE(limits.recount(first.slot, ip("192.0.2.1")));
  EXPECT_TRUE(limits.recount(second.slot, ip("10.0.0.1"))) << "the proxy itself";
  EXPECT_FALSE(limits.recount(second.slot, ip("192.0.2.1")));
  EXPECT_EQ(limits.refused().each, 1U);
  first.slot = {};
  EXPECT_TRUE(limits.recount(second.slot, ip("192.0.2.1"))) << "its room is given back";
}

TEST(ClientLimits, DoNotBoundTrustedProxies) {
  Clients clients({.all = 4, .each = 1, .trusted = {*parse_cidr("10.0.0.0/8")}});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(clients.open("10.1.2.3"), Refused::No);
  EXPECT_EQ(clients.open("10.1.2.3"), Refused::All);
}

// A connection that is refused takes nothing from the others.
TEST(ClientLimits, ARefusalTakesNoRoom) {
  Clients clients({.all = 2, .each = 1});
  EXPECT_EQ(clients.open("192.0.2.1"), Refused::No);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(clients.open("192.0.2.1"), Refused::Each);
  EXPECT_EQ(clients.open("192.0.2.2"), Refused::No);
}

TEST(ClientLimits, BoundTheConnectionsThatAreToldWhy) {
  ClientLimits limits({.turned_away = 1});
  const ClientLimits::TurnedAway first(limits);
  EXPECT_TRUE(first.has_room());
  {
    const ClientLimits::TurnedAway second(limits);
    EXPECT_FALSE(second.has_room());
  }
  const ClientLimits::TurnedAway third(limits);
  EXPECT_FALSE(third.has_room());
}

TEST(ClientLimits, AMovedSlotIsGivenBackOnce) {
  ClientLimits limits({.all = 1, .each = 1});
  ClientLimits::Slot slot = limits.admit(ip("192.0.2.1")).slot;
  ClientLimits::Slot other = std::move(slot);
  EXPECT_EQ(limits.admit(ip("192.0.2.1")).refusal, Refused::All);
  other = {};
  EXPECT_EQ(limits.admit(ip("192.0.2.1")).refusal, Refused::No);
}

}  // namespace
}  // namespace osproxy
