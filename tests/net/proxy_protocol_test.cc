#include "osproxy/net/proxy_protocol.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using State = ProxyHeaderReader::State;

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr std::string_view kTcp4 = "\xc0\0\x02\x07\xc0\0\x02\x01\x12\x67\x23\xf0"sv;

std::string tcp6() {
  return "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07" + std::string(16, '\0') + "\0\1\0\2"s;
}

/// A header of version 2. The length is that of `rest`, unless another is given.
std::string binary(char command, char family, std::string_view rest, int length = -1) {
  const auto size = length < 0 ? rest.size() : static_cast<std::size_t>(length);
  return std::string(kSignature) + command + family + static_cast<char>(size / 256) +
         static_cast<char>(size % 256) + std::string(rest);
}

/// Reads from `bytes` as from a socket, at most `piece` at a time. What is left stays in `bytes`.
ProxyHeaderReader read(std::string_view& bytes, std::size_t piece) {
  ProxyHeaderReader reader;
  while (reader.state() == State::Incomplete && !bytes.empty()) {
    const std::size_t size = std::min({reader.wanted(), piece, bytes.size()});
    EXPECT_GT(size, 0U);
    if (size == 0) break;
    reader.take(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return reader;
}

constexpr std::string_view kNext = "GET / HTTP/1.1\r\n"sv;

/// The client that the header names, or "peer"; "bad" and "incomplete" by its state.
std::string client(const std::string& header) {
  std::string found;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1024}}) {
    const std::string sent = header + std::string(kNext);
    std::string_view bytes = sent;
    const ProxyHeaderReader reader = read(bytes, piece);
    std::string text = "bad";
    if (reader.state() == State::Complete) {
      text = reader.client() ? reader.client()->to_string() : "peer";
      EXPECT_EQ(bytes, kNext) << "no byte of the request is taken, and none of the header is left";
    }
    EXPECT_TRUE(found.empty() || found == text) << "the pieces do not matter";
    found = text;
  }
  return found;
}

TEST(ProxyProtocol, ReadsTheText) {
  const struct {
    std::string_view header;
    std::string_view client;
  } cases[] = {
      {"PROXY TCP4 192.0.2.7 192.0.2.1 4711 9200\r\n", "192.0.2.7"},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 0 65535\r\n", "1.1.1.1"},
      {"PROXY TCP6 2001:DB8::7 ::1 4711 9200\r\n", "2001:db8::7"},
      {"PROXY TCP6 ::ffff:192.0.2.7 ::1 4711 9200\r\n", "192.0.2.7"},
      {"PROXY UNKNOWN\r\n", "peer"},
      {"PROXY UNKNOWN ffff::1 anything 1 2\r\n", "peer"},
      {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
  };
  for (const auto& [header, named] : cases) EXPECT_EQ(client(std::string(header)), named) << header;
}

TEST(ProxyProtocol, RefusesMalformedText) {
  for (const std::string_view bad : {"GET / HTTP/1.1\r\n",
                                     "proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n",
                                     "PROXY\r\n",
                                     "PROXY \r\n",
                                     "PROXY TCP4\r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n",
                                     "PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r \n",
                                     "PROXY TCP4 ::1 ::1 1 2\r\n",
                                     "PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n",
                                     "PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n",
                                     "PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.x 1 2\r\n",
                                     "PROXY TCP4 1.1.1.1 2.2.2.2 1 \r\n",
                                     "PROXY UNKNOWNS\r\n",
                                     "\n",
                                     "\r\n"}) {
    EXPECT_EQ(client(std::string(bad)), "bad") << bad;
  }
}

TEST(ProxyProtocol, TextHasABound) {
  const std::string longest =
      "PROXY UNKNOWN " + std::string(ProxyHeaderReader::kMaxTextBytes - 16, 'x') + "\r\n";
  ASSERT_EQ(longest.size(), ProxyHeaderReader::kMaxTextBytes);
  EXPECT_EQ(client(longest), "peer");
  EXPECT_EQ(client("PROXY UNKNOWN x" + longest.substr(14)), "bad");
}

TEST(ProxyProtocol, ReadsTheBinary) {
  EXPECT_EQ(client(binary(0x21, 0x11, kTcp4)), "192.0.2.7");
  EXPECT_EQ(client(binary(0x21, 0x21, tcp6())), "2001:db8::7");
  EXPECT_EQ(client(binary(0x21, 0x11, std::string(kTcp4) + std::string(700, 'x'))), "192.0.2.7")
      << "extensions are skipped";
  EXPECT_EQ(client(binary(0x21, 0x00, "")), "peer");
  EXPECT_EQ(client(binary(0x21, 0x00, "extension")), "peer");
  EXPECT_EQ(client(binary(0x21, 0x31, std::string(216, '/'))), "peer") << "a Unix socket";
}

TEST(ProxyProtocol, ALocalHeaderKeepsThePeer) {
  EXPECT_EQ(client(binary(0x20, 0x00, "")), "peer");
  EXPECT_EQ(client(binary(0x20, 0x11, kTcp4)), "peer");
  EXPECT_EQ(client(binary(0x20, 0x7f, "anything")), "peer");
}

TEST(ProxyProtocol, RefusesMalformedBinary) {
  EXPECT_EQ(client(binary(0x11, 0x11, kTcp4)), "bad") << "version 1";
  EXPECT_EQ(client(binary(0x31, 0x11, kTcp4)), "bad") << "version 3";
  EXPECT_EQ(client(binary(0x22, 0x11, kTcp4)), "bad") << "an unknown command";
  EXPECT_EQ(client(binary(0x21, 0x12, kTcp4)), "bad") << "UDP";
  EXPECT_EQ(client(binary(0x21, 0x41, kTcp4)), "bad") << "an unknown family";
  EXPECT_EQ(client(binary(0x21, 0x11, kTcp4.substr(1))), "bad") << "too short for the family";
  EXPECT_EQ(client(binary(0x21, 0x21, kTcp4)), "bad");
  EXPECT_EQ(client("\r\n\r\n\0\r\nQUIX\n"s + "\x21\x11"), "bad");
}

TEST(ProxyProtocol, BinaryHasABound) {
  const std::string most(ProxyHeaderReader::kMaxBinaryBytes, 'x');
  EXPECT_EQ(client(binary(0x20, 0x00, most)), "peer");
  EXPECT_EQ(client(binary(0x20, 0x00, most + "x")), "bad");
}

TEST(ProxyProtocol, AHeaderThatEndsEarlyIsIncomplete) {
  for (const std::string& header :
       {"PROXY TCP4 192.0.2.7 192.0.2.1 4711 9200\r\n"s, binary(0x21, 0x11, kTcp4),
        binary(0x21, 0x11, std::string(kTcp4) + "tlv")}) {
    for (std::size_t size = 0; size < header.size(); ++size) {
      std::string_view bytes = std::string_view(header).substr(0, size);
      const ProxyHeaderReader reader = read(bytes, 7);
      EXPECT_EQ(reader.state(), State::Incomplete) << size;
      EXPECT_GT(reader.wanted(), 0U);
      EXPECT_LE(reader.wanted(), header.size() - size) << "what follows is not taken";
    }
  }
}

TEST(ProxyProtocol, TakesTheBinaryInFewReads) {
  const std::string header = binary(0x21, 0x11, kTcp4);
  std::string_view bytes = header;
  ProxyHeaderReader reader;
  int reads = 0;
  for (; reader.state() == State::Incomplete && reads < 10; ++reads) {
    const std::size_t size = std::min(reader.wanted(), bytes.size());
    reader.take(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  EXPECT_EQ(reader.state(), State::Complete);
  EXPECT_LE(reads, 3);
}

}  // namespace
}  // namespace osproxy
