#include "osproxy/identify/forwarded_client.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

constexpr std::string_view kProxy = "10.0.0.5";
const std::vector<std::string> kTrusted{"10.0.0.0/8", "2001:db8:ffff::/48"};

using HeaderList = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// The client of a request with these headers, on a connection from kProxy.
std::string client(HeaderList headers) {
  const auto trusted = parse_cidrs(kTrusted);
  http::RequestHead head;
  for (const auto& [name, value] : headers) {
    head.headers.push_back({.name = name, .value = value, .line = {}});
  }
  std::string scratch;
  const ClientAddress found = forwarded_client(
      head, {.text = kProxy, .address = IpAddress::parse(kProxy).value()}, *trusted, scratch);
  EXPECT_EQ(found.address.to_string(), found.text) << "the text is canonical";
  return std::string(found.text);
}

std::string by_forwarded(std::string_view value) { return client({{"Forwarded", value}}); }
std::string by_x_forwarded(std::string_view value) { return client({{"X-Forwarded-For", value}}); }

TEST(ForwardedClient, IsTheConnectionsWithoutAHeader) { EXPECT_EQ(client({}), kProxy); }

TEST(ForwardedClient, IsTheLastThatIsNotTrusted) {
  EXPECT_EQ(by_x_forwarded("192.0.2.9"), "192.0.2.9");
  EXPECT_EQ(by_x_forwarded("192.0.2.9,10.1.1.1 , 10.2.2.2"), "192.0.2.9");
  EXPECT_EQ(by_x_forwarded("198.51.100.1, 192.0.2.9, 10.2.2.2"), "192.0.2.9");
  EXPECT_EQ(by_forwarded("for=198.51.100.1, for=192.0.2.9;proto=https, for=10.2.2.2"), "192.0.2.9");
  EXPECT_EQ(by_x_forwarded("2001:db8::9, 2001:db8:ffff::1"), "2001:db8::9");
}

TEST(ForwardedClient, IsTheFirstIfAllAreTrusted) {
  EXPECT_EQ(by_x_forwarded("10.1.1.1, 10.2.2.2"), "10.1.1.1");
  EXPECT_EQ(by_forwarded("for=10.1.1.1, for=10.2.2.2"), "10.1.1.1");
}

TEST(ForwardedClient, ItsOwnClaimsAreNotRead) {
  for (const std::string_view claim : {"198.51.100.1", "unknown", "for=x", "\"", "\\", "\"\\\"",
                                       ",,,", ";", "for=\"", "[::", ""}) {
    EXPECT_EQ(by_x_forwarded(std::string(claim) + ", 192.0.2.9"), "192.0.2.9") << claim;
    EXPECT_EQ(by_forwarded(std::string(claim) + ", for=192.0.2.9"), "192.0.2.9") << claim;
    EXPECT_EQ(by_forwarded(std::string(claim) + ", for=\"192.0.2.9:80\""), "192.0.2.9") << claim;
    EXPECT_EQ(client({{"X-Forwarded-For", claim}, {"X-Forwarded-For", "192.0.2.9"}}), "192.0.2.9");
  }
}

TEST(ForwardedClient, LinesAreOneList) {
  EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.9"},
                    {"Host", "h"},
                    {"x-forwarded-for", ""},
                    {"x-forwarded-for", "10.1.1.1, ,"}}),
            "192.0.2.9");
  EXPECT_EQ(client({{"forwarded", "for=192.0.2.9"}, {"Forwarded", "for=10.1.1.1"}}), "192.0.2.9");
}

TEST(ForwardedClient, ForwardedCountsIfBothAreThere) {
  EXPECT_EQ(client({{"X-Forwarded-For", "192.0.2.1"}, {"Forwarded", "for=192.0.2.2"}}),
            "192.0.2.2");
  EXPECT_EQ(client({{"Forwarded", "for=unknown"}, {"X-Forwarded-For", "192.0.2.1"}}), kProxy);
}

TEST(ForwardedClient, AHiddenHopIsTheProxyThatNamesIt) {
  for (const std::string_view hidden :
       {"for=unknown", "for=UNKNOWN", "for=_secret", "for=\"_secret:_port\"", "for=\"unknown:80\"",
        "proto=https", "by=192.0.2.1"}) {
    EXPECT_EQ(by_forwarded(hidden), kProxy) << hidden;
    EXPECT_EQ(by_forwarded(std::string(hidden) + ", for=10.1.1.1"), "10.1.1.1") << hidden;
  }
  EXPECT_EQ(by_x_forwarded("192.0.2.1, unknown, 10.1.1.1"), "10.1.1.1");
}

TEST(ForwardedClient, AMalformedHopIsTheConnections) {
  for (const std::string_view bad : {"for",
                                     "for=",
                                     "for=x",
                                     "for=192.0.2.9:80",
                                     "for=[2001:db8::1]",
                                     "for=\"2001:db8::1\"",
                                     "for=\"192.0.2.9",
                                     "for=192.0.2.9;for=192.0.2.8",
                                     "for=\"192.0.2.9:\"",
                                     "for=\"192.0.2.9:123456\"",
                                     "for=\"[192.0.2.9]\"",
                                     "for=\"[2001:db8::1\"",
                                     "for=\"[2001:db8::1]80\"",
                                     "for=256.0.0.1",
                                     "for=192.0.2.09",
                                     "for =192.0.2.9",
                                     "for=\"\"",
                                     "for=_",
                                     "for=\"_a b\"",
                                     "=192.0.2.9",
                                     "192.0.2.9"}) {
    EXPECT_EQ(by_forwarded(bad), kProxy) << bad;
    EXPECT_EQ(by_forwarded(std::string(bad) + ", for=10.1.1.1"), kProxy) << bad;
  }
  for (const std::string_view bad :
       {"x", "192.0.2.9:", "192.0.2.9:x", "[192.0.2.9]", "[::1", "fe80::1%eth0", "192.0.2.9 x",
        "\"192.0.2.9\"", "for=192.0.2.9", "::1]"}) {
    EXPECT_EQ(by_x_forwarded(bad), kProxy) << bad;
  }
}

TEST(ForwardedClient, PortsBracketsAndOtherPairsAreLeftOut) {
  EXPECT_EQ(by_forwarded("proto=https; For=\"192.0.2.9:4711\" ;by=_x"), "192.0.2.9");
  EXPECT_EQ(by_forwarded("for=\"[2001:DB8:0::1]:4711\";host=\"a,b;for=c\\\"\""), "2001:db8::1");
  EXPECT_EQ(by_forwarded("for=\"[2001:db8::1]:_p\""), "2001:db8::1");
  EXPECT_EQ(by_x_forwarded("192.0.2.9:80"), "192.0.2.9");
  EXPECT_EQ(by_x_forwarded("[2001:db8::1]:80"), "2001:db8::1");
  EXPECT_EQ(by_x_forwarded("[2001:db8::1]"), "2001:db8::1");
  EXPECT_EQ(by_x_forwarded("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(by_x_forwarded("::ffff:192.0.2.9"), "192.0.2.9");
}

TEST(ForwardedClient, AChainThatIsTooLongEndsSomewhere) {
  std::string chain = "192.0.2.9";
  for (std::size_t i = 0; i < kMaxForwardedHops - 1; ++i) chain += ", 10.1.1.1";
  EXPECT_EQ(by_x_forwarded(chain), "192.0.2.9");
  EXPECT_EQ(by_x_forwarded(chain + ", 10.1.1.1"), "10.1.1.1");
}

}  // namespace
}  // namespace osproxy
