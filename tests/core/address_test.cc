#include "osproxy/core/address.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(HostPort, ReadsNamesAndAddresses) {
  EXPECT_EQ(parse_host_port("127.0.0.1:8080"), (HostPort{"127.0.0.1", 8080}));
  EXPECT_EQ(parse_host_port("search-1.example:0"), (HostPort{"search-1.example", 0}));
  EXPECT_EQ(parse_host_port("[::1]:2379"), (HostPort{"::1", 2379}));
}

TEST(HostPort, IsWrittenAsItIsRead) {
  for (const char* text : {"localhost:80", "[fe80::1]:65535", "10.0.0.1:1"}) {
    EXPECT_EQ(parse_host_port(text)->to_string(), text);
  }
}

TEST(HostPort, SaysWhatIsWrong) {
  EXPECT_EQ(parse_host_port("localhost").error(), "the port is missing, as in localhost:8080");
  for (const char* text : {"a:", "a:65536", "a:-1", "a:+1", "a:1x", "a: 1"}) {
    EXPECT_EQ(parse_host_port(text).error(), "the port must be a number from 0 to 65535") << text;
  }
  for (const char* text : {"", ":80", "a b:80", "http://a"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
  EXPECT_EQ(parse_host_port("::1:80").error(),
            "an IPv6 address must stand in brackets, as in [::1]:8080");
  EXPECT_EQ(parse_host_port("[x]:80").error(),
            "the brackets must hold an IPv6 address, as in [::1]:8080");
  EXPECT_FALSE(parse_host_port("[::1"));
  EXPECT_FALSE(parse_host_port("[::1]80"));
}

TEST(Origin, ReadsUrlsOfServers) {
  EXPECT_EQ(parse_origin("http://search-1:9200"),
            (Origin{.tls = false, .address = {"search-1", 9200}}));
  EXPECT_EQ(parse_origin("http://search-1/"), (Origin{.tls = false, .address = {"search-1", 80}}));
  EXPECT_EQ(parse_origin("https://[::1]"), (Origin{.tls = true, .address = {"::1", 443}}));
  EXPECT_EQ(parse_origin("https://a:1")->to_string(), "https://a:1");
}

TEST(Origin, RefusesMoreThanAServer) {
  for (const char* text : {"search-1:9200", "ftp://a", "http://", "http://a/b", "http://u:p@a",
                           "http://a?x", "http://a#x", "http://a:0", "http://a//"}) {
    EXPECT_FALSE(parse_origin(text)) << text;
  }
}

TEST(TlsName, IsTheNameWithoutItsTrailingDot) {
  EXPECT_EQ(tls_name("search-1.example."), "search-1.example");
  EXPECT_EQ(tls_name("search-1.example"), "search-1.example");
  EXPECT_EQ(tls_name("."), ".");
  EXPECT_EQ(tls_name(""), "");
}

TEST(Loopback, KnowsOnlyThisMachine) {
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE(is_loopback(host)) << host;
  }
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "localhost.example", "128.0.0.1", ""}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

}  // namespace
}  // namespace osproxy
