// What does not fit one row: several requests on a connection, connections that end, early
// responses.
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

std::string post_head(std::string_view framing, std::string_view more = "") {
  return crlf("POST /_bulk HTTP/1.1\nHost: h\n" + std::string(framing) + std::string(more) +
              "X-Opaque-Id: o\nX-Request-Id: r\n\n");
}

std::string respond_with_close(std::string_view body) {
  std::string seen = crlf("HTTP/1.1 200 OK\nContent-Length: " + std::to_string(body.size()) +
                          "\nX-Request-Id: r\nConnection: close\n\n");
  return seen.append(body);
}

class ProxyConnection : public ProxyTest {};

TEST_F(ProxyConnection, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawConnection client = this->client();
  client.send(get("/1") + get("/2") + get("/3"));
  RawConnection to_upstream = upstream.accept();
  for (const char* number : {"1", "2", "3"}) {
    to_upstream.expect(get(std::string("/") + number));
    to_upstream.send(response(number));
    client.expect(response_seen(number));
  }
  exchange(client, to_upstream);
}

TEST_F(ProxyConnection, ARequestPipelinedBehindABodyIsServed) {
  start();
  for (const std::string& body :
       {post_head("Content-Length: 3\n") + "abc", post_head("Content-Length: 0\n")}) {
    RawConnection client = this->client();
    client.send(body + get("/next"));
    RawConnection to_upstream = upstream.accept();
    to_upstream.expect(body);
    to_upstream.send(response("1"));
    client.expect(response_seen("1"));
    to_upstream.expect(get("/next"));
    to_upstream.send(response("2"));
    client.expect(response_seen("2"));
    to_upstream.close();
  }
}

TEST_F(ProxyConnection, ARequestPipelinedBehindAStreamedBodyIsServed) {
  start();
  const std::string body(300'000, 'x');
  RawConnection client = this->client();
  client.send(post_head("Content-Length: 300000\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post_head("Content-Length: 300000\n"));
  client.send(body + get("/next"));
  to_upstream.expect(body);
  to_upstream.send(response("1"));
  client.expect(response_seen("1"));
  to_upstream.expect(get("/next"));
  to_upstream.send(response("2"));
  client.expect(response_seen("2"));
}

TEST_F(ProxyConnection, ARequestPipelinedBehindChunksIsServed) {
  start();
  RawConnection client = this->client();
  client.send(post_head("Transfer-Encoding: chunked\n") + "1\r\na\r\n");
  RawConnection to_upstream = upstream.accept();
  const std::string head = crlf(
      "POST /_bulk HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n"
      "Transfer-Encoding: chunked\n\n");
  to_upstream.expect(head + "1\r\na\r\n");
  client.send("2\r\nbc\r\n0\r\n\r\n" + get("/next"));
  to_upstream.expect("2\r\nbc\r\n0\r\n\r\n");
  to_upstream.send(response("1"));
  client.expect(response_seen("1"));
  to_upstream.expect(get("/next"));
}

TEST_F(ProxyConnection, AClientThatHalfClosesGetsItsResponse) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  client.shutdown_write();
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("late"));
  client.expect(response_seen("late"));
  client.expect_end();
}

TEST_F(ProxyConnection, ContinueIsAskedForAndPassedBack) {
  start();
  const std::string head = post_head("Content-Length: 3\n", "Expect: 100-continue\n");
  RawConnection client = this->client();
  client.send(head);
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(head);
  to_upstream.send(crlf("HTTP/1.1 100 Continue\n\n"));
  client.expect(crlf("HTTP/1.1 100 Continue\nX-Request-Id: r\n\n"));
  client.send("abc");
  to_upstream.expect("abc");
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  exchange(client, to_upstream);
}

TEST_F(ProxyConnection, ARefusedExpectationEndsTheConnectionBehindTheResponse) {
  start();
  const std::string head = post_head("Content-Length: 3\n", "Expect: 100-continue\n");
  RawConnection client = this->client();
  client.send(head);
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(head);
  to_upstream.send(response("no"));
  client.expect(respond_with_close("no"));
  client.expect_end();
}

TEST_F(ProxyConnection, AnEarlyResponseReachesAClientThatIsStillSending) {
  start();
  RawConnection client = this->client();
  client.send(post_head("Content-Length: 10000000\n") + "abc");
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post_head("Content-Length: 10000000\n") + "abc");
  to_upstream.send(response("too much"));
  client.expect(respond_with_close("too much"));
  client.send(
      std::string(100'000, 'x'));  // is read and thrown away: a reset could eat the response
  client.expect_end();
  to_upstream.expect_end();  // the connection cannot be used again
}

TEST_F(ProxyConnection, AResponseOfAnUpstreamThatReadsNoFurtherIsNotLost) {
  start();
  RawConnection client = this->client();
  client.send(post_head("Content-Length: 10000000\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post_head("Content-Length: 10000000\n"));
  to_upstream.send(crlf("HTTP/1.1 413 Too Large\nConnection: close\nContent-Length: 2\n\n") + "no");
  to_upstream.shutdown_write();
  client.send(std::string(100'000, 'x'));
  client.expect(crlf("HTTP/1.1 413 Too Large\nContent-Length: 2\nX-Request-Id: r\n"
                     "Connection: close\n\n") +
                "no");
  client.expect_end();
}

TEST_F(ProxyConnection, AResponseThatIsCutOffNeverLooksComplete) {
  start();
  struct Case {
    std::string cut;
    std::string seen;
  };
  for (const Case& c :
       {Case{crlf("HTTP/1.1 200 OK\nContent-Length: 10\n\n") + "half",
             crlf("HTTP/1.1 200 OK\nContent-Length: 10\nX-Request-Id: r\n\n") + "half"},
        Case{crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n") + "4\r\nhalf\r\n",
             crlf("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n") +
                 "4\r\nhalf\r\n"},
        Case{crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n") + "4\r\nhalf\r\n0\r\n",
             crlf("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n") +
                 "4\r\nhalf\r\n"}}) {
    RawConnection client = this->client();
    client.send(get("/"));
    RawConnection to_upstream = upstream.accept();
    to_upstream.expect(get("/"));
    to_upstream.send(c.cut);
    to_upstream.close();
    EXPECT_EQ(client.read_to_end(), c.seen);
  }
}

TEST_F(ProxyConnection, AChunkedResponseCutOffIsAResetToHttp10) {
  start();
  RawConnection client = this->client();
  client.send(crlf("GET / HTTP/1.0\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(crlf("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n") + "4\r\nhalf\r\n");
  client.expect(crlf("HTTP/1.1 200 OK\nX-Request-Id: r\nConnection: close\n\n") + "half");
  to_upstream.close();
  client.expect_reset();
}

TEST_F(ProxyConnection, AKeptConnectionThatWasClosedIsNotUsedForAPost) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection first = upstream.accept();
  first.expect(get("/"));
  first.send(response("{}"));
  first.close();
  client.expect(response_seen("{}"));

  client.send(post_head("Content-Length: 1\n") + "x");
  RawConnection second = upstream.accept();
  second.expect(post_head("Content-Length: 1\n") + "x");
  second.send(response("{}"));
  client.expect(response_seen("{}"));
}

TEST_F(ProxyConnection, AnIdempotentRequestIsSentAgainIfTheKeptConnectionDies) {
  start();
  RawConnection client = this->client();
  RawConnection to_upstream;
  client.send(get("/"));
  to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));

  client.send(get("/again"));
  to_upstream.expect(get("/again"));
  to_upstream.reset();
  RawConnection second = upstream.accept();
  second.expect(get("/again"));
  second.send(response("{}"));
  client.expect(response_seen("{}"));
}

TEST_F(ProxyConnection, APutWithItsBodyIsSentAgain) {
  start();
  const std::string put = crlf(
                              "PUT /i/_doc/1 HTTP/1.1\nHost: h\nContent-Length: 2\nX-Opaque-Id: o\n"
                              "X-Request-Id: r\n\n") +
                          "{}";
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection first = upstream.accept();
  first.expect(get("/"));
  first.send(response("{}"));
  client.expect(response_seen("{}"));

  client.send(put);
  first.expect(put);
  first.close();
  RawConnection second = upstream.accept();
  second.expect(put);
  second.send(response("{}"));
  client.expect(response_seen("{}"));
}

TEST_F(ProxyConnection, APostIsNeverSentTwice) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));

  client.send(post_head("Content-Length: 1\n") + "x");
  to_upstream.expect(post_head("Content-Length: 1\n") + "x");
  to_upstream.close();
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502");
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyConnection, ARequestOnANewConnectionIsNotSentTwiceEither) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.close();
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502");
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyConnection, NothingIsSentAgainOnceAByteOfTheResponseCame) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
  client.send(get("/again"));
  to_upstream.expect(get("/again"));
  to_upstream.send("HTTP/1.1 ");
  to_upstream.close();
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 502");
  EXPECT_TRUE(upstream.nobody_waits());
}

TEST_F(ProxyConnection, AnUpstreamThatSaysTooMuchIsNotUsedAgain) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection first = upstream.accept();
  first.expect(get("/"));
  first.send(response("{}") + response("poison"));
  client.expect(response_seen("{}"));
  first.expect_end();
  client.send(get("/next"));
  RawConnection second = upstream.accept();
  second.expect(get("/next"));
  second.send(response("good"));
  client.expect(response_seen("good"));
}

TEST_F(ProxyConnection, AnUpstreamThatSpeaksUnaskedIsNotUsedAgain) {
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection first = upstream.accept();
  first.expect(get("/"));
  first.send(response("{}"));
  client.expect(response_seen("{}"));
  first.send(response("poison"));
  client.send(get("/next"));
  RawConnection second = upstream.accept();
  second.expect(get("/next"));
  second.send(response("good"));
  client.expect(response_seen("good"));
}

TEST_F(ProxyConnection, TheNextNodeIsTriedIfOneCannotBeReached) {
  RawListener dead;
  options.upstream.nodes.insert(options.upstream.nodes.begin(), loopback_node(dead.port()));
  dead.close();
  start();
  for (int i = 0; i < 4; ++i) {  // whichever node is first in turn
    RawConnection client = this->client();
    client.send(post_head("Content-Length: 1\n") + "x");
    RawConnection to_upstream = upstream.accept();
    to_upstream.expect(post_head("Content-Length: 1\n") + "x");
    to_upstream.send(response("{}"));
    to_upstream.close();
    client.expect(response_seen("{}"));
  }
}

TEST_F(ProxyConnection, RequestsGoToTheNodeWithTheFewestInFlight) {
  RawListener other;
  options.upstream.nodes.push_back(loopback_node(other.port()));
  start();
  RawConnection client_1 = client();
  RawConnection client_2 = client();
  client_1.send(get("/1"));
  client_2.send(get("/2"));
  RawConnection one = upstream.accept();
  RawConnection two = other.accept();
  EXPECT_NE(one.read(get("/1").size()), two.read(get("/2").size()));
}

TEST_F(ProxyConnection, ANameIsResolved) {
  options.upstream.nodes = {{.address = {.host = "localhost", .port = upstream.port()}}};
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  to_upstream.send(response("{}"));
  client.expect(response_seen("{}"));
}

TEST_F(ProxyConnection, TooManyClientsAreToldSo) {
  options.max_connections = 1;
  start();
  RawConnection first = client();
  first.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  RawConnection second = client();
  EXPECT_EQ(second.read_head().substr(0, 12), "HTTP/1.1 503");
  to_upstream.send(response("{}"));
  first.expect(response_seen("{}"));
}

TEST_F(ProxyConnection, AClientWithoutARequestIsClosedInTime) {
  options.idle_timeout = 1ms;
  start();
  RawConnection client = this->client();
  client.expect_end();
}

TEST_F(ProxyConnection, AHeadThatDoesNotComeIsRefused) {
  options.head_timeout = 1ms;
  start();
  RawConnection client = this->client();
  client.send("GET / HT");
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 408");
}

TEST_F(ProxyConnection, ABodyThatDoesNotComeIsRefused) {
  options.transfer_timeout = 1ms;
  start();
  RawConnection client = this->client();
  client.send(post_head("Content-Length: 5\n") + "ab");
  RawConnection to_upstream = upstream.accept();
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 408");
  to_upstream.expect(post_head("Content-Length: 5\n") + "ab");
  to_upstream.expect_end();
}

TEST_F(ProxyConnection, AResponseThatDoesNotComeIsATimeOut) {
  options.response_timeout = 1ms;
  start();
  RawConnection client = this->client();
  client.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 504");
  to_upstream.expect(get("/"));
  to_upstream.expect_end();
}

TEST_F(ProxyConnection, AResponsesTimeOutRunsFromTheLastByteOfTheRequest) {
  options.response_timeout = 1ms;
  start();
  RawConnection client = this->client();
  client.send(post_head("Content-Length: 2\n"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(post_head("Content-Length: 2\n"));
  for (const char* byte : {"a", "b"}) {
    // Longer than the time-out by far, and more than a tick: the client is slow, not the upstream.
    std::this_thread::sleep_for(600ms);
    client.send(byte);
    to_upstream.expect(byte);
  }
  EXPECT_EQ(client.read_head().substr(0, 12), "HTTP/1.1 504");
}

TEST_F(ProxyConnection, DrainFinishesWhatIsUnderWayAndClosesWhatIsIdle) {
  start();
  RawConnection idle = client();
  RawConnection busy = client();
  busy.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));

  bool drained = false;
  std::jthread draining([&] { drained = server->drain(kPatience); });
  idle.expect_end();
  to_upstream.send(response("{}"));
  busy.expect(respond_with_close("{}"));
  busy.close();
  draining.join();
  EXPECT_TRUE(drained);
}

TEST_F(ProxyConnection, DrainGivesUpAtItsDeadlineAndTheServerStopsAnyway) {
  start();
  RawConnection busy = client();
  busy.send(get("/"));
  RawConnection to_upstream = upstream.accept();
  to_upstream.expect(get("/"));
  EXPECT_FALSE(server->drain(1ms));
  server.reset();
  EXPECT_EQ(recorder.await_samples(1).size(), 1U);
}

TEST_F(ProxyConnection, APortThatIsTakenIsAnError) {
  start();
  ServerOptions same = options;
  same.listen = server->address();
  const auto second = Server::start(
      same, directives, [this](std::size_t) -> Recorder& { return recorder; }, clock, *stats);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error(),
            "cannot listen on " + same.listen.to_string() + ": Address already in use");
}

TEST_F(ProxyConnection, ManyWorkersShareOnePort) {
  options.workers = 3;
  start();
  for (int i = 0; i < 12; ++i) {
    RawConnection client = this->client();
    client.send(get("/"));
    RawConnection to_upstream = upstream.accept();
    to_upstream.expect(get("/"));
    to_upstream.send(crlf("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 2\n\n") + "{}");
    client.expect(response_seen("{}"));
  }
}

}  // namespace
}  // namespace osproxy
