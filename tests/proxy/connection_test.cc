// Connections that carry several requests, end early, or end in the middle of a response.
#include <string>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

class ProxyConnection : public ProxyTest {
 protected:
  void SetUp() override { start(); }
};

TEST_F(ProxyConnection, PipelinedRequestsAreServedInOrder) {
  dialog()
      .client_sends(get("/1") + get("/2") + get("/3"))
      .node_gets(get("/1"))
      .node_responds("1")
      .node_gets(get("/2"))
      .node_responds("2")
      .node_gets(get("/3"))
      .node_responds("3")
      .exchange();
}

TEST_F(ProxyConnection, ARequestPipelinedAfterABodyIsServed) {
  for (const std::string& first : {request("POST /_bulk", "abc"), request("POST /_bulk", "")}) {
    dialog()
        .client_sends(first + get("/next"))
        .node_gets(first)
        .node_responds("1")
        .node_gets(get("/next"))
        .node_responds("2");
  }
}

TEST_F(ProxyConnection, ARequestPipelinedAfterAStreamedBodyIsServed) {
  const std::string body(300'000, 'x');
  const std::string first = gathered_part();
  dialog()
      .request_passes(request_head("POST /_bulk", "Content-Length: 365536\n"), first)
      .client_sends(body + get("/next"))
      .node_gets(body)
      .node_responds("1")
      .node_gets(get("/next"))
      .node_responds("2");
}

TEST_F(ProxyConnection, ARequestPipelinedAfterChunksIsServed) {
  dialog()
      .client_sends(request_head("POST /_bulk", "Transfer-Encoding: chunked\n") + "1\r\na\r\n")
      .node_gets(chunked_head_seen("POST /_bulk") + "1\r\na\r\n")
      .client_sends("2\r\nbc\r\n0\r\n\r\n" + get("/next"))
      .node_gets("2\r\nbc\r\n0\r\n\r\n")
      .node_responds("1")
      .node_gets(get("/next"));
}

TEST_F(ProxyConnection, AClientThatHalfClosesGetsItsResponse) {
  dialog()
      .client_sends(get("/"))
      .client_half_closes()
      .node_gets(get("/"))
      .node_responds("late")
      .client_gets_end();
}

TEST_F(ProxyConnection, ExpectAndContinueArePassedOn) {
  dialog()
      .request_passes(request_head("POST /_bulk", "Content-Length: 3\nExpect: 100-continue\n"))
      .node_sends("HTTP/1.1 100 Continue\n\n")
      .client_gets("HTTP/1.1 100 Continue\nX-Request-Id: r\n\n")
      .request_passes("abc")
      .node_responds("{}")
      .exchange();
}

TEST_F(ProxyConnection, ARefusedExpectationEndsTheConnection) {
  dialog()
      .request_passes(request_head("POST /_bulk", "Content-Length: 3\nExpect: 100-continue\n"))
      .node_sends(response("no"))
      .client_gets(last_response_seen("no"))
      .client_gets_end();
}

TEST_F(ProxyConnection, AnEarlyResponseReachesAClientThatIsStillSending) {
  dialog()
      .request_passes(request_head("POST /_bulk", "Content-Length: 10000000\n"), gathered_part())
      .node_sends(response("too much"))
      .client_gets(last_response_seen("too much"))
      .client_sends(std::string(100'000, 'x'))  // is discarded: a reset could drop the response
      .client_gets_end()
      .node_gets_end();  // the connection cannot be used again
}

TEST_F(ProxyConnection, AResponseOfANodeThatStopsReadingIsNotLost) {
  dialog()
      .request_passes(request_head("POST /_bulk", "Content-Length: 10000000\n"), gathered_part())
      .node_sends("HTTP/1.1 413 Too Large\nConnection: close\nContent-Length: 2\n\n", "no")
      .node_half_closes()
      .client_sends(std::string(100'000, 'x'))
      .client_gets(
          "HTTP/1.1 413 Too Large\nContent-Length: 2\nX-Request-Id: r\nConnection: close\n\n", "no")
      .client_gets_end();
}

TEST_F(ProxyConnection, AnEarlyResponseToAClosedPooledConnectionIsPassedOn) {
  Dialog dialog = this->dialog();
  dialog.exchange();
  RawConnection node = dialog.take_node();
  node.send(crlf("HTTP/1.1 408 Request Timeout\nConnection: close\nContent-Length: 0\n\n"));
  // The pool finds the bytes that nobody asked for, and takes another connection.
  dialog.exchange();
}

TEST_F(ProxyConnection, AClientThatSendsOnAfterAnEarlyResponseIsReadOn) {
  Dialog dialog = this->dialog();
  dialog.request_passes(request_head("POST /_bulk", "Content-Length: 10000000\n"), gathered_part())
      .node_sends("HTTP/1.1 413 Too Large\nContent-Length: 0\n\n");
  // Far more than the sockets' buffers hold: an end of reading would reset the connection.
  const std::string rest(10'000'000 - gathered_part().size(), 'x');
  dialog.client_sends(rest).client_gets_status(413).client_gets_end();
}

TEST_F(ProxyConnection, ATruncatedResponseNeverLooksComplete) {
  const std::string counted = "HTTP/1.1 200 OK\nContent-Length: 10\n\n";
  const std::string counted_seen = "HTTP/1.1 200 OK\nContent-Length: 10\nX-Request-Id: r\n\n";
  const std::string chunked = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n";
  const std::string chunked_seen =
      "HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n";
  struct Row {
    std::string node_sends;
    std::string client_gets;
  };
  for (const Row& row : {Row{counted + "half", counted_seen + "half"},
                         Row{chunked + "4\r\nhalf\r\n", chunked_seen + "4\r\nhalf\r\n"},
                         Row{chunked + "4\r\nhalf\r\n0\r\n", chunked_seen + "4\r\nhalf\r\n"}}) {
    dialog()
        .request_passes(get("/"))
        .node_sends(row.node_sends)
        .node_closes()
        .client_gets_to_end(row.client_gets);
  }
}

TEST_F(ProxyConnection, ATruncatedChunkedResponseIsAResetToHttp10) {
  dialog()
      .client_sends("GET / HTTP/1.0\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n")
      .node_gets(get("/"))
      .node_sends("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "4\r\nhalf\r\n")
      .client_gets("HTTP/1.1 200 OK\nX-Request-Id: r\nConnection: close\n\n", "half")
      .node_closes()
      .client_gets_reset();
}

TEST_F(ProxyConnection, AKeptConnectionThatWasClosedIsNotUsedForAPost) {
  dialog()
      .request_passes(get("/"))
      .node_sends(response("{}"))
      .node_closes()
      .client_gets(response_seen("{}"))
      .request_passes(request("POST /_bulk", "x"))
      .node_responds("{}");
}

TEST_F(ProxyConnection, ANodeThatSendsTooMuchIsNotUsedAgain) {
  dialog()
      .request_passes(get("/"))
      .node_sends(response("{}") + response("poison"))
      .client_gets(response_seen("{}"))
      .node_gets_end()
      .request_passes(get("/next"))
      .node_responds("good");
}

TEST_F(ProxyConnection, ANodeThatSendsUnaskedIsNotUsedAgain) {
  Dialog dialog = this->dialog();
  dialog.exchange();
  RawConnection first = dialog.take_node();
  first.send(response("poison"));
  dialog.request_passes(get("/next")).node_responds("good");
}

}  // namespace
}  // namespace osproxy
