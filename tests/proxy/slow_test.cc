// Slow and silent ends. Sockets are real, time is the test's: the server's deadlines go by a clock
// that stands still until it is told to move, so that hours pass at once, and none by accident.
#include <string>

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class ProxySlow : public ProxyTest {
 protected:
  ProxySlow() { time = &manual; }
  ~ProxySlow() override { server.reset(); }  // before its clock

  /// Time passes, all of it between two looks of the server at its clock.
  void pass(std::chrono::milliseconds by) { manual.advance(by); }

  /// Lets a connection be under way before the time passes: a head that came in parts is answered
  /// only once all of it is there, so another client's whole exchange is what tells.
  void let_the_server_see() {
    RawConnection client = this->client();
    client.send(get("/seen"));
    RawConnection to_upstream = upstream.accept();
    to_upstream.expect(get("/seen"));
    to_upstream.send(response("{}"));
    client.expect(response_seen("{}"));
    to_upstream.close();
  }

  ManualClock manual;
};

TEST_F(ProxySlow, AHeadMayTakeItsTimeButNoLonger) {
  options.head_timeout = 10s;
  start();
  RawConnection client = this->client();
  client.send("GET / HTTP/1.1\r\n");
  let_the_server_see();
  pass(9s);
  client.send("Host: h\r\n");
  let_the_server_see();
  pass(2s);  // from the first byte: a byte now and then does not prolong it
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 408");
}

TEST_F(ProxySlow, AnIdleClientIsClosedWithoutAWord) {
  options.idle_timeout = 10s;
  start();
  RawConnection client = this->client();
  let_the_server_see();
  pass(11s);
  client.expect_end();
}

TEST_F(ProxySlow, ASilentUpstreamIsAGatewayTimeOut) {
  options.response_timeout = 2h;
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  pass(2h + 1s);
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 504");
  to_upstream.expect_end();
}

TEST_F(ProxySlow, ABodyThatStopsIsRefusedAndTheUpstreamSeesNoEnd) {
  options.transfer_timeout = 10s;
  start();
  const std::string head =
      crlf("POST / HTTP/1.1\nHost: h\nContent-Length: 5\nX-Opaque-Id: o\nX-Request-Id: r\n\n");
  RawConnection client = this->client();
  client.send(head + "ab");
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(head + "ab");
  let_the_server_see();
  pass(11s);
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 408");
  to_upstream.expect_end();
}

TEST_F(ProxySlow, AResponseThatStopsIsBrokenOff) {
  options.transfer_timeout = 10s;
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nContent-Length: 5\n\n") + "ab");
  client.expect(crlf("HTTP/1.1 200 OK\nContent-Length: 5\nX-Request-Id: r\n\n") + "ab");
  pass(11s);
  client.expect_end();
}

TEST_F(ProxySlow, OneThatDoesNotReadHurtsNobodyElse) {
  options.transfer_timeout = 10s;
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nContent-Length: 1000000000\n\n"));
  to_upstream.send_until_full(std::string(64 * 1024, 'x'), std::size_t{1} << 30);
  let_the_server_see();
  pass(11s);
  to_upstream.expect_reset();  // it is let go with what was not read
  let_the_server_see();
}

}  // namespace
}  // namespace osproxy
