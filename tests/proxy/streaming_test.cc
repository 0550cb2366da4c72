// Bodies are passed on as they come, and are held back where nobody reads: never held whole.
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

constexpr std::size_t kLarge = 64 << 20;

/// Far more than the sockets' buffers of both connections and the proxy's own hold together, and
/// far less than the body.
constexpr std::size_t kHeldBack = 32 << 20;

std::string post_head(std::string_view framing) {
  return crlf("POST /_bulk HTTP/1.1\nHost: h\n" + std::string(framing) +
              "X-Opaque-Id: o\nX-Request-Id: r\n\n");
}

class ProxyStreaming : public ProxyTest {};

TEST_F(ProxyStreaming, TheFirstBytesOfARequestArriveBeforeItsLastAreSent) {
  start();
  RawConnection client = this->client();
  client.send(post_head("Content-Length: 6\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post_head("Content-Length: 6\n"));
  for (const char* bytes : {"ab", "cd", "ef"}) {
    client.send(bytes);
    to_upstream.expect(bytes);
  }
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
}

TEST_F(ProxyStreaming, TheFirstBytesOfAResponseArriveBeforeItsLastAreSent) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"));
  client.expect(crlf("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n"));
  for (const char* chunk : {"2\r\nab\r\n", "2\r\ncd\r\n", "0\r\n\r\n"}) {
    to_upstream.send(chunk);
    client.expect(chunk);
  }
  exchange(client, to_upstream);
}

TEST_F(ProxyStreaming, BothDirectionsFlowAtOnce) {
  start();
  RawConnection client = this->client();
  client.send(post_head("Content-Length: 4\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post_head("Content-Length: 4\n"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nContent-Length: 4\n\n"));
  client.expect(crlf("HTTP/1.1 200 OK\nContent-Length: 4\nX-Request-Id: r\nConnection: close\n\n"));
  for (const char* byte : {"a", "b", "c", "d"}) {
    client.send(byte);
    to_upstream.expect(byte);
    to_upstream.send(byte);
    client.expect(byte);
  }
  client.expect_end();
}

TEST_F(ProxyStreaming, ARequestThatNobodyReadsIsHeldBack) {
  start();
  RawConnection client = this->client();
  client.send(post_head("Content-Length: " + std::to_string(kLarge) + "\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post_head("Content-Length: " + std::to_string(kLarge) + "\n"));
  const std::string piece(1 << 16, 'x');
  const std::size_t sent = client.send_until_full(piece, kLarge);
  EXPECT_LT(sent, kHeldBack);

  std::jthread rest([&] { client.send(std::string(kLarge - sent, 'x')); });
  EXPECT_EQ(to_upstream.read(kLarge), std::string(kLarge, 'x'));
  rest.join();
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  exchange(client, to_upstream);
}

TEST_F(ProxyStreaming, AResponseThatNobodyReadsIsHeldBack) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  const std::string length = "Content-Length: " + std::to_string(kLarge) + "\n";
  to_upstream.send(crlf("HTTP/1.1 200 OK\n" + length + "\n"));
  const std::string piece(1 << 16, 'x');
  const std::size_t sent = to_upstream.send_until_full(piece, kLarge);
  EXPECT_LT(sent, kHeldBack);

  std::jthread rest([&] { to_upstream.send(std::string(kLarge - sent, 'x')); });
  client.expect(crlf("HTTP/1.1 200 OK\n" + length + "X-Request-Id: r\n\n"));
  EXPECT_EQ(client.read(kLarge), std::string(kLarge, 'x'));
  rest.join();
  exchange(client, to_upstream);
}

TEST_F(ProxyStreaming, LargeChunkedBodiesArriveWhole) {
  start();
  RawConnection client = this->client();
  const std::string chunk = "2000\r\n" + std::string(0x2000, 'y') + "\r\n";
  constexpr int kChunks = 500;
  client.send(crlf("GET / HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  std::jthread answering([&] {
    to_upstream.send(crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"));
    for (int i = 0; i < kChunks; ++i) to_upstream.send(chunk);
    to_upstream.send("0\r\n\r\n");
  });
  client.read_head();
  std::size_t payload = 0;
  while (true) {  // chunks are cut anew, so each is read by its size
    std::string size_line;
    while (!size_line.ends_with("\r\n")) size_line += client.read(1);
    const std::size_t size = std::stoul(size_line, nullptr, 16);
    EXPECT_EQ(client.read(size), std::string(size, 'y'));
    client.expect("\r\n");
    if (size == 0) break;
    payload += size;
  }
  EXPECT_EQ(payload, std::size_t{kChunks} * 0x2000);
  answering.join();
  exchange(client, to_upstream);
}

}  // namespace
}  // namespace osproxy
