#include "osproxy/http/forwarding.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "osproxy/http/head_writer.h"
#include "tests/support/raw_socket.h"

namespace osproxy::http {
namespace {

constexpr auto kOff = ForwardingMode::Off;
constexpr auto kAdd = ForwardingMode::Add;
constexpr auto kReplace = ForwardingMode::Replace;

/// The header lines that the node gets for a request with these.
std::string sent(const ForwardingOptions& options, std::string_view lines,
                 std::string_view client = "192.0.2.7", bool tls = false) {
  const std::string request = crlf("GET /%2f HTTP/1.1\n" + std::string(lines) + "\n");
  RequestHead head;
  HeadFault fault;
  EXPECT_EQ(parse_request_head(request, {}, head, fault), ParseResult::Complete) << fault.reason;
  const Forwarding forwarding(options, IpAddress::parse(client).value(), tls);
  std::string out;
  write_request_head(head, {.forwarding = &forwarding}, out);
  std::string shown;
  for (const char c : out) {
    if (c != '\r') shown += c;
  }
  constexpr std::string_view kLine = "GET /%2f HTTP/1.1\n";
  EXPECT_TRUE(shown.starts_with(kLine)) << shown;
  shown.erase(0, kLine.size());
  return shown;
}

TEST(Forwarding, LinesOfTheClientStayIfItIsOff) {
  const std::string lines =
      "Host: h\nForwarded: for=a\nX-Forwarded-For: b\nX-Forwarded-Proto: c\nX-Forwarded-Host: d\n";
  EXPECT_EQ(sent({}, lines), lines + "\n");
}

TEST(Forwarding, NamesClientHostAndProtocol) {
  EXPECT_EQ(sent({.forwarded = kReplace}, "Host: search:9200\n"),
            "Host: search:9200\nForwarded: for=192.0.2.7;host=\"search:9200\";proto=http\n\n");
  EXPECT_EQ(sent({.forwarded = kAdd}, "Host: h\n", "2001:db8::1", true),
            "Host: h\nForwarded: for=\"[2001:db8::1]\";host=\"h\";proto=https\n\n");
  EXPECT_EQ(sent({.x_forwarded = kAdd}, "Host: h\n", "2001:db8::1", true),
            "Host: h\nX-Forwarded-For: 2001:db8::1\nX-Forwarded-Proto: https\n"
            "X-Forwarded-Host: h\n\n");
}

TEST(Forwarding, ShowsAnIPv4ClientOfAnIPv6SocketAsIPv4) {
  EXPECT_EQ(sent({.forwarded = kAdd}, "Host: h\n", "::ffff:192.0.2.7"),
            "Host: h\nForwarded: for=192.0.2.7;host=\"h\";proto=http\n\n");
}

TEST(Forwarding, AppendsToTheClientsLine) {
  EXPECT_EQ(sent({.forwarded = kAdd, .x_forwarded = kAdd},
                 "forwarded: for=a, for=b\nHost: h\nForwarded: for=c\nX-Forwarded-For: 1.1.1.1\n"
                 "X-Forwarded-Proto: https\nX-Forwarded-Host: outer\n"),
            "Host: h\nX-Forwarded-Proto: https\nX-Forwarded-Host: outer\n"
            "Forwarded: for=a, for=b, for=c, for=192.0.2.7;host=\"h\";proto=http\n"
            "X-Forwarded-For: 1.1.1.1, 192.0.2.7\n\n");
}

TEST(Forwarding, ReplacesTheClientsLines) {
  EXPECT_EQ(sent({.forwarded = kReplace, .x_forwarded = kReplace},
                 "Host: h\nForwarded: for=a\nX-Forwarded-For: b\nX-FORWARDED-PROTO: c\n"
                 "X-Forwarded-Host: d\n"),
            "Host: h\nForwarded: for=192.0.2.7;host=\"h\";proto=http\n"
            "X-Forwarded-For: 192.0.2.7\nX-Forwarded-Proto: http\nX-Forwarded-Host: h\n\n");
}

TEST(Forwarding, CannotBeRemovedByConnection) {
  EXPECT_EQ(sent({.x_forwarded = kAdd},
                 "Host: h\nConnection: X-Forwarded-For, X-Forwarded-Proto\n"
                 "X-Forwarded-For: 1.1.1.1\nX-Forwarded-Proto: https\n"),
            "Host: h\nX-Forwarded-For: 192.0.2.7\nX-Forwarded-Proto: http\n"
            "X-Forwarded-Host: h\n\n");
}

TEST(Forwarding, LeavesTheOtherFamilyAlone) {
  EXPECT_EQ(sent({.forwarded = kReplace, .x_forwarded = kOff}, "Host: h\nX-Forwarded-For: b\n"),
            "Host: h\nX-Forwarded-For: b\nForwarded: for=192.0.2.7;host=\"h\";proto=http\n\n");
}

}  // namespace
}  // namespace osproxy::http
