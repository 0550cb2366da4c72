// Bodies stream: the proxy passes on each part as it arrives, and stops reading one side while the
// other side does not read (backpressure). It never holds a whole body.
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

constexpr std::size_t kLarge = 64 << 20;

/// Far more than the sockets' buffers of both connections and the proxy's buffers hold together,
/// and far less than the body.
constexpr std::size_t kHeldBack = 32 << 20;

const std::string kLargeLength = "Content-Length: " + std::to_string(kLarge) + "\n";

class ProxyStreaming : public ProxyTest {
 protected:
  void SetUp() override { start(); }
};

TEST_F(ProxyStreaming, ARequestsFirstBytesArriveBeforeItsLastAreSent) {
  dialog()
      .request_passes(request_head("POST /_bulk", "Content-Length: 65542\n"), gathered_part())
      .request_passes("ab")
      .request_passes("cd")
      .request_passes("ef")
      .node_responds("{}");
}

TEST_F(ProxyStreaming, AResponsesFirstBytesArriveBeforeItsLastAreSent) {
  dialog()
      .request_passes(get("/"))
      .node_sends("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n")
      .client_gets("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n")
      .response_passes("2\r\nab\r\n")
      .response_passes("2\r\ncd\r\n")
      .response_passes("0\r\n\r\n")
      .exchange();
}

TEST_F(ProxyStreaming, BothDirectionsFlowAtOnce) {
  Dialog dialog = this->dialog();
  dialog.request_passes(request_head("POST /_bulk", "Content-Length: 65540\n"), gathered_part())
      .node_sends("HTTP/1.1 200 OK\nContent-Length: 4\n\n")
      .client_gets("HTTP/1.1 200 OK\nContent-Length: 4\nX-Request-Id: r\nConnection: close\n\n");
  for (const char* byte : {"a", "b", "c", "d"}) dialog.request_passes(byte).response_passes(byte);
  dialog.client_gets_end();
}

TEST_F(ProxyStreaming, ASmallBodyThatComesLateTakesNoNodeUntilItIsWhole) {
  Dialog dialog = this->dialog();
  dialog.client_sends(request_head("POST /_bulk", "Content-Length: 6\n"), "ab");
  this->dialog().exchange("/seen");
  EXPECT_TRUE(upstream.nobody_waits());
  dialog.client_sends("cd").client_sends("ef" + get("/next"));
  dialog.node_gets(request("POST /_bulk", "abcdef")).node_responds("1");
  dialog.node_gets(get("/next")).node_responds("2");
}

TEST_F(ProxyStreaming, ABodyLargerThanTheHeadsBufferIsGatheredToo) {
  const std::string body(60'000, 'x');
  const std::string head = request_head("POST /_bulk", "Content-Length: 60000\n");
  Dialog dialog = this->dialog();
  dialog.client_sends(head, body.substr(0, 100));
  dialog.client_sends(body.substr(100) + get("/next"));
  dialog.node_gets(head, body).node_responds("1").node_gets(get("/next")).node_responds("2");
}

TEST_F(ProxyStreaming, ARequestThatNobodyReadsIsHeldBack) {
  Dialog dialog = this->dialog();
  dialog.request_passes(request_head("POST /_bulk", kLargeLength), gathered_part());
  const std::size_t streamed = kLarge - gathered_part().size();
  const std::size_t sent = dialog.client().send_until_full(std::string(1 << 16, 'x'), streamed);
  EXPECT_LT(sent, kHeldBack);

  std::jthread rest([&] { dialog.client().send(std::string(streamed - sent, 'x')); });
  EXPECT_EQ(dialog.node().read(streamed), std::string(streamed, 'x'));
  rest.join();
  dialog.node_responds("{}").exchange();
}

TEST_F(ProxyStreaming, AResponseThatNobodyReadsIsHeldBack) {
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/")).node_sends(ok_head(kLargeLength));
  const std::size_t sent = dialog.node().send_until_full(std::string(1 << 16, 'x'), kLarge);
  EXPECT_LT(sent, kHeldBack);

  std::jthread rest([&] { dialog.node().send(std::string(kLarge - sent, 'x')); });
  dialog.client_gets(ok_head_seen(kLargeLength));
  EXPECT_EQ(dialog.client().read(kLarge), std::string(kLarge, 'x'));
  rest.join();
  dialog.exchange();
}

TEST_F(ProxyStreaming, LargeChunkedBodiesArriveWhole) {
  const std::string chunk = "2000\r\n" + std::string(0x2000, 'y') + "\r\n";
  constexpr int kChunks = 500;
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/"));
  RawConnection& client = dialog.client();
  std::jthread responding([&, &node = dialog.node()] {
    node.send(ok_head("Transfer-Encoding: chunked\n"));
    for (int i = 0; i < kChunks; ++i) node.send(chunk);
    node.send("0\r\n\r\n");
  });
  client.read_head();
  std::size_t payload = 0;
  while (true) {  // the proxy cuts its own chunks, so each is read by its size
    std::string size_line;
    while (!size_line.ends_with("\r\n")) size_line += client.read(1);
    const std::size_t size = std::stoul(size_line, nullptr, 16);
    EXPECT_EQ(client.read(size), std::string(size, 'y'));
    client.expect("\r\n");
    if (size == 0) break;
    payload += size;
  }
  EXPECT_EQ(payload, std::size_t{kChunks} * 0x2000);
  responding.join();
  dialog.exchange();
}

}  // namespace
}  // namespace osproxy
