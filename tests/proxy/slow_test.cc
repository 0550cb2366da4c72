// Slow and silent ends, and the deadlines that they meet. The sockets are real. Where the clock is
// the test's, it stands still until the test moves it, so hours pass at once and no deadline passes
// by accident.
#include <string>
#include <thread>

#include <fmt/format.h>
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

  /// Time passes, all of it between two ticks of the server.
  void pass(std::chrono::milliseconds by) { manual.advance(by); }

  /// Lets the server read what was sent before the time passes. A part of a head gets no response
  /// that would tell, so another client's whole exchange does.
  void let_the_server_read() { dialog().exchange("/seen"); }

  ManualClock manual;
};

TEST_F(ProxySlow, AHeadsDeadlineRunsFromItsFirstByte) {
  options.head_timeout = 10s;
  start();
  Dialog slow = dialog();
  slow.client_sends("GET / HTTP/1.1\n");
  let_the_server_read();
  pass(9s);
  slow.client_sends("Host: h\n");
  let_the_server_read();
  pass(2s);
  slow.client_gets_status(408);
}

TEST_F(ProxySlow, AnIdleClientIsClosedWithoutAResponse) {
  options.idle_timeout = 10s;
  start();
  Dialog idle = dialog();
  let_the_server_read();
  pass(11s);
  idle.client_gets_end();
}

TEST_F(ProxySlow, ASilentNodeIsAGatewayTimeOut) {
  options.response_timeout = 2h;
  start();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/"));
  pass(2h + 1s);
  dialog.client_gets_status(504).node_gets_end();
}

TEST_F(ProxySlow, AResponseTimeOutEndsWithTheFirstByte) {
  options.response_timeout = 5s;
  options.transfer_timeout = 60s;
  start();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/")).node_sends("HTTP/1.1 200 OK\n");
  let_the_server_read();
  pass(50s);
  dialog.node_sends("Content-Length: 2\n\n", "ok")
      .client_gets(ok_head_seen("Content-Length: 2\n"), "ok");
}

TEST_F(ProxySlow, AResponsesHeadThatTricklesIsAGatewayTimeOut) {
  options.transfer_timeout = 10s;  // from its first byte, however often it makes progress
  start();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/")).node_sends("HTTP/1.1 200 OK\n");
  let_the_server_read();
  pass(9s);
  dialog.node_sends("A: 1\n");
  let_the_server_read();
  pass(2s);
  dialog.client_gets_status(504).node_gets_end();
}

TEST_F(ProxySlow, ABodyThatStopsIsRefusedAndTheNodeSeesNoEnd) {
  options.transfer_timeout = 10s;
  start();
  Dialog dialog = this->dialog();
  dialog.request_passes(request_head("POST /", "Content-Length: 70000\n"), gathered_part());
  let_the_server_read();
  pass(11s);
  dialog.client_gets_status(408).node_gets_end();
}

TEST_F(ProxySlow, AResponseThatStopsIsBrokenOff) {
  options.transfer_timeout = 10s;
  start();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/"))
      .node_sends(ok_head("Content-Length: 5\n"), "ab")
      .client_gets(ok_head_seen("Content-Length: 5\n"), "ab");
  pass(11s);
  dialog.client_gets_end();
}

TEST_F(ProxySlow, AClientThatDoesNotReadDelaysNobodyElse) {
  options.transfer_timeout = 10s;
  start();
  Dialog dialog = this->dialog();
  dialog.request_passes(get("/")).node_sends(ok_head("Content-Length: 1000000000\n"));
  dialog.node().send_until_full(std::string(64 * 1024, 'x'), std::size_t{1} << 30);
  let_the_server_read();
  pass(1s);
  std::this_thread::sleep_for(600ms);  // ticks: the server sees how much the client has taken
  pass(11s);
  dialog.node_gets_reset();  // with unread bytes
  let_the_server_read();
}

/// Deadlines by the real clock.
class ProxyTimeOut : public ProxyTest {};

TEST_F(ProxyTimeOut, AClientWithoutARequestIsClosed) {
  options.idle_timeout = 1ms;
  start();
  dialog().client_gets_end();
}

TEST_F(ProxyTimeOut, AHeadThatDoesNotComeIsRefused) {
  options.head_timeout = 1ms;
  start();
  dialog().client_sends("GET / HT").client_gets_status(408);
}

TEST_F(ProxyTimeOut, ABodyThatDoesNotComeIsRefused) {
  options.transfer_timeout = 1ms;
  start();
  for (const char* length : {"5", "100000"}) {
    dialog()
        .client_sends(request_head("POST /_bulk", fmt::format("Content-Length: {}\n", length)),
                      "ab")
        .client_gets_status(408);
  }
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyTimeOut, AResponseThatDoesNotComeIsAGatewayTimeOut) {
  options.response_timeout = 1ms;
  start();
  dialog()
      .client_sends(get("/"))
      .node_accepts()
      .client_gets_status(504)
      .node_gets(get("/"))
      .node_gets_end();
}

TEST_F(ProxyTimeOut, AResponsesTimeRunsFromTheLastByteOfTheRequest) {
  options.response_timeout = 1ms;
  start();
  Dialog dialog = this->dialog();
  dialog.client_sends(request_head("POST /_bulk", "Transfer-Encoding: chunked\n"))
      .node_gets(chunked_head_seen("POST /_bulk"));
  for (const char* byte : {"1\r\na\r\n", "0\r\n\r\n"}) {
    // Far longer than the deadline and than a tick: here the client is slow, not the node.
    std::this_thread::sleep_for(600ms);
    dialog.request_passes(byte);
  }
  dialog.client_gets_status(504);
}

TEST_F(ProxyTimeOut, AnExchangeThatTakesTooLongEndsInAnyStage) {
  options.request_timeout = 1ms;
  start();
  {  // the client waits for the response
    dialog().client_sends(get("/")).node_accepts().client_gets_status(504);
  }
  {  // the client is still sending
    Dialog dialog = this->dialog();
    dialog.client_sends("POST /_bulk HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n\n", "2\r\nab")
        .node_accepts()
        .client_gets_status(504);
    dialog.node().read_to_end();
  }
  {  // the client may have a part of the response
    Dialog dialog = this->dialog();
    dialog.client_sends(get("/")).node_sends(ok_head("Content-Length: 10\n"), "half");
    const std::string seen = dialog.client().read_to_end();
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 504") || seen.ends_with("\r\n\r\nhalf")) << seen;
  }
  for (const RequestSample& sample : recorder.await_samples(3)) {
    EXPECT_TRUE(sample.status == 504 || sample.status == 200) << sample.status;
  }
}

}  // namespace
}  // namespace osproxy
