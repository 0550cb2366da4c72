#include "osproxy/tls/engine.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"
#include "tests/tls/tls_pair.h"

namespace osproxy {
namespace {

using Status = TlsEngine::Status;

class TlsEngineTest : public testing::Test {
 protected:
  TlsEngineTest() {
    if (!peers.shake_hands()) ADD_FAILURE() << "no handshake";
    peers.client_reads();  // the ticket
  }

  static TlsContext::Pointer made(std::expected<TlsContext::Pointer, std::string> result) {
    EXPECT_TRUE(result) << result.error();
    return *result;
  }

  TempDir dir;
  TestAuthority ca{dir.path(), "ca"};
  TlsContext::Pointer to = made(TlsContext::for_clients({.pairs = {ca.issue("server")}}));
  TlsContext::Pointer from = made(TlsContext::for_upstreams({.ca_file = ca.file()}));
  TlsPeers peers{from->connect("localhost", std::make_shared<TlsResumption>()), to->accept()};
};

std::string numbered(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

TEST_F(TlsEngineTest, CarriesBytesBothWays) {
  const std::string bytes = numbered(300'000);
  ASSERT_TRUE(peers.client.write(bytes, peers.to_server));
  ASSERT_TRUE(peers.server.write("response", peers.to_client));
  EXPECT_EQ(peers.to_server.find(bytes.substr(0, 16)), std::string::npos)
      << "plaintext on the wire";
  EXPECT_EQ(peers.server_reads(), std::pair(bytes, Status::Done));
  EXPECT_EQ(peers.client_reads(), std::pair(std::string("response"), Status::Done));
  EXPECT_EQ(peers.client_reads(), std::pair(std::string(), Status::NeedsInput));
}

TEST_F(TlsEngineTest, ReadsCiphertextByteByByte) {
  const std::string bytes = numbered(20'000);
  std::string wire;
  ASSERT_TRUE(peers.client.write(bytes, wire));
  std::string all;
  for (const char byte : wire) {
    peers.to_server.push_back(byte);
    all += peers.server_reads().first;
  }
  EXPECT_EQ(all, bytes);
}

TEST_F(TlsEngineTest, KeepsPlaintextThatDoesNotFit) {
  ASSERT_TRUE(peers.client.write("0123456789", peers.to_server));
  ASSERT_TRUE(peers.client.write("abc", peers.to_server));
  std::string_view input = peers.to_server;
  std::array<char, 4> room;
  std::string all;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(peers.server.read(input, room, peers.to_client).size, 4u);
    all.append(room.data(), 4);
    EXPECT_TRUE(peers.server.has_more());
    EXPECT_FALSE(input.empty()) << "the next record stays unread";
  }
  ASSERT_EQ(peers.server.read(input, room, peers.to_client).size, 4u);
  all.append(room.data(), 4);
  ASSERT_EQ(peers.server.read(input, room, peers.to_client).size, 1u);
  EXPECT_EQ(all.append(room.data(), 1), "0123456789abc");
  EXPECT_FALSE(peers.server.has_more());
}

TEST_F(TlsEngineTest, ReportsTheEndAfterTheBytesBeforeIt) {
  ASSERT_TRUE(peers.server.write("last words", peers.to_client));
  peers.server.close(peers.to_client);
  EXPECT_EQ(peers.client_reads(), std::pair(std::string("last words"), Status::Done));
  EXPECT_TRUE(peers.client.has_more());
  EXPECT_EQ(peers.client_reads().second, Status::Ended);
  EXPECT_FALSE(peers.client.fault());
}

TEST_F(TlsEngineTest, MayStillWriteWhenTheOtherSideHasEnded) {
  ASSERT_TRUE(peers.client.write("question", peers.to_server));
  peers.client.close(peers.to_server);
  EXPECT_EQ(peers.server_reads().first, "question");
  EXPECT_EQ(peers.server_reads().second, Status::Ended);
  ASSERT_TRUE(peers.server.write("response", peers.to_client));
  EXPECT_EQ(peers.client_reads().first, "response");
}

TEST_F(TlsEngineTest, FailsForGoodAfterATamperedRecord) {
  ASSERT_TRUE(peers.client.write("question", peers.to_server));
  peers.to_server.back() ^= 1;
  EXPECT_EQ(peers.server_reads().second, Status::Failed);
  EXPECT_EQ(peers.server.fault()->failure, TlsFailure::Other);
  EXPECT_FALSE(peers.to_client.empty()) << "an alert";
  EXPECT_EQ(peers.client_reads().second, Status::Failed);
  EXPECT_EQ(peers.client.fault()->failure, TlsFailure::Refused);

  ASSERT_FALSE(peers.server.write("response", peers.to_client));
  peers.to_client.clear();
  peers.server.close(peers.to_client);
  EXPECT_EQ(peers.to_client, "") << "it must not look like an end in order";
}

TEST_F(TlsEngineTest, AnUnfinishedHandshakeHoldsNoMemory) {
  TlsEngine server(to->accept());
  std::string output;
  server.close(output);
  EXPECT_EQ(output, "");
}

TEST_F(TlsEngineTest, RecognisesPlainHttp) {
  for (const std::string_view request :
       {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", "DELETE /index HTTP/1.1\r\nHost: h\r\n\r\n"}) {
    TlsEngine server(to->accept());
    std::string_view input = request;
    std::string output;
    EXPECT_EQ(server.handshake(input, output).status, Status::Failed);
    EXPECT_EQ(server.fault()->failure, TlsFailure::NotTls) << server.fault()->text;
  }
  TlsEngine client(from->connect("localhost", std::make_shared<TlsResumption>()));
  std::string_view input = "HTTP/1.1 400 Bad Request\r\n\r\n";
  std::string output;
  EXPECT_EQ(client.handshake(input, output).status, Status::Failed);
  EXPECT_EQ(client.fault()->failure, TlsFailure::NotTls) << client.fault()->text;
}

}  // namespace
}  // namespace osproxy
