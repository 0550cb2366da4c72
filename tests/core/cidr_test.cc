#include "osproxy/core/cidr.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

IpAddress ip(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address.value_or(IpAddress{});
}

bool covers(std::string_view block, std::string_view address) {
  const auto cidr = parse_cidr(block);
  EXPECT_TRUE(cidr) << block << ": " << cidr.error();
  return cidr && cidr->contains(ip(address));
}

TEST(Cidr, CoversTheAddressesOfItsPrefix) {
  EXPECT_TRUE(covers("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(covers("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(covers("192.0.2.128/25", "192.0.2.255"));
  EXPECT_FALSE(covers("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(covers("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(covers("192.0.2.7", "192.0.2.6"));
  EXPECT_TRUE(covers("0.0.0.0/0", "203.0.113.1"));
  EXPECT_FALSE(covers("0.0.0.0/0", "2001:db8::1")) << "only all of IPv4";
  EXPECT_TRUE(covers("2001:db8::/32", "2001:db8:ffff::1"));
  EXPECT_FALSE(covers("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(covers("::/0", "203.0.113.1"));
  EXPECT_TRUE(covers("::1", "::1"));
}

TEST(Cidr, AMappedAddressIsItsIpv4Address) {
  EXPECT_EQ(ip("::ffff:192.0.2.7"), ip("192.0.2.7"));
  EXPECT_TRUE(covers("192.0.2.0/24", "::ffff:192.0.2.7"));
  EXPECT_TRUE(ip("::ffff:192.0.2.7").is_v4());
  EXPECT_FALSE(ip("2001:db8::1").is_v4());
}

TEST(Cidr, WhatIsNoBlockIsAnError) {
  for (const std::string_view text :
       {"", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "localhost",
        "[::1]", "10.0.0.1/8", "2001:db8::1/32", "10.0.0.0/8/8", "fe80::1%eth0", "10.0.0.0/08",
        "010.0.0.0/8", "::ffff:10.0.0.0/8", "::ffff:10.0.0.1/104"}) {
    EXPECT_FALSE(parse_cidr(text)) << text;
  }
  EXPECT_FALSE(parse_cidr(std::string_view("10.0.0.1\0", 9)));
  EXPECT_EQ(parse_cidr("10.0.0.0/33").error(), "the prefix length must be a number from 0 to 32");
}

TEST(Cidr, HasOneText) {
  const struct {
    std::string_view sent;
    std::string_view text;
  } cases[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"10.1.2.3", "10.1.2.3"},
      {"10.1.2.3/32", "10.1.2.3"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"2001:DB8:0::/32", "2001:db8::/32"},
      {"2001:db8:0:0:0:0:0:1/128", "2001:db8::1"},
      {"::/0", "::/0"},
      {"::ffff:10.1.2.3", "10.1.2.3"},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
  };
  for (const auto& [sent, text] : cases) {
    const auto block = parse_cidr(sent);
    ASSERT_TRUE(block) << sent;
    EXPECT_EQ(to_string(*block), text);
    EXPECT_EQ(parse_cidr(text), block);
  }
}

TEST(Cidr, AListIsGoodIfEachIs) {
  const auto blocks = parse_cidrs(std::vector<std::string>{"10.0.0.0/8", "::1"});
  ASSERT_TRUE(blocks);
  EXPECT_TRUE(contains(*blocks, ip("::1")));
  EXPECT_TRUE(contains(*blocks, ip("10.1.1.1")));
  EXPECT_FALSE(contains(*blocks, ip("::2")));
  EXPECT_FALSE(contains({}, ip("::2")));
  EXPECT_FALSE(parse_cidrs(std::vector<std::string>{"10.0.0.0/8", "x"}));
}

}  // namespace
}  // namespace osproxy
