#include "osproxy/client/http_call.h"

#include <functional>
#include <thread>

#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/read_file.h"
#include "osproxy/tls/context.h"
#include "tests/support/private_files.h"
#include "tests/support/raw_socket.h"
#include "tests/support/tcp_listener.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"
#include "tests/support/tls_socket.h"

namespace osproxy::client {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
using Result = std::expected<HttpResponse, HttpError>;

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nETag: \"7\"\r\nContent-Length: 2\r\n\r\nok";

HttpCallOptions options() { return {.timeout = 20s, .max_response_bytes = 1024}; }

/// Serves one connection on a thread, with `serve`.
class Server {
 public:
  explicit Server(std::function<void(RawConnection)> serve)
      : thread_([this, serve = std::move(serve)] { serve(listener_.accept()); }) {}

  Origin origin() const { return loopback_node(listener_.port()); }
  Origin tls_origin(std::string host) const {
    return {.tls = true, .address = {.host = std::move(host), .port = listener_.port()}};
  }
  void join() { thread_.join(); }

 private:
  RawListener listener_;
  std::jthread thread_;
};

/// Calls a server that sends `response`; `received` is the head of the request.
Result call(std::string_view response, HttpRequest request = {}, std::string* received = nullptr) {
  Server server([&](RawConnection connection) {
    const std::string head = connection.read_head();
    if (received != nullptr) *received = head;
    connection.send(response);
  });
  auto result = http_call(server.origin(), std::move(request), options());
  server.join();
  return result;
}

HttpFault fault_of(const Result& result) {
  EXPECT_FALSE(result);
  return result ? HttpFault::Other : result.error().fault;
}

TEST(HttpCall, ReturnsStatusHeadersAndBody) {
  const Result result = call(kOk);
  ASSERT_TRUE(result) << result.error().reason;
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "ok");
  EXPECT_EQ(result->header("etag"), "\"7\"");
  EXPECT_EQ(result->header("Retry-After"), "");
}

TEST(HttpCall, ReturnsARefusalAsAResponse) {
  EXPECT_EQ(call("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")->status, 503);
}

TEST(HttpCall, SendsAllHeadersButThoseOfTheConnection) {
  std::string head;
  const HttpHeaders headers = {
      {"X-A", "1"}, {"X-B", "2"}, {"X-A", "3"}, {"Host", "other"}, {"Connection", "keep-alive"}};
  ASSERT_TRUE(call(kOk, {.method = "PURGE", .target = "/a?b=c", .headers = headers}, &head));
  EXPECT_THAT(head, StartsWith("PURGE /a?b=c HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("X-A: 1\r\nX-A: 3\r\nX-B: 2\r\n"));
  EXPECT_THAT(head, HasSubstr("Host: 127.0.0.1:"));
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("other")));
  EXPECT_THAT(head, Not(HasSubstr("keep-alive")));
}

TEST(HttpCall, SendsABodyWithItsLength) {
  std::string head;
  std::string body;
  Server server([&](RawConnection connection) {
    head = connection.read_head();
    body = connection.read(4);
    connection.send(kOk);
  });
  ASSERT_TRUE(http_call(server.origin(), {.method = "POST", .body = "data"}, options()));
  server.join();
  EXPECT_THAT(head, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_EQ(body, "data");
}

TEST(HttpCall, ExpectsNoBodyAfterHead) {
  const Result result = call("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", {.method = "HEAD"});
  ASSERT_TRUE(result) << result.error().reason;
  EXPECT_EQ(result->body, "");
}

TEST(HttpCall, ReadsABodyWithoutALengthToTheEnd) {
  EXPECT_EQ(call("HTTP/1.1 200 OK\r\n\r\nto the end")->body, "to the end");
}

TEST(HttpCall, ReadsPastInterimResponses) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const Result result = call("HTTP/1.1 100 Continue\r\n\r\n" + interim + kOk);
  ASSERT_TRUE(result) << result.error().reason;
  EXPECT_EQ(result->status, 200);
  EXPECT_EQ(result->body, "ok");
  EXPECT_EQ(result->header("link"), "");
  std::string many;
  for (int i = 0; i < 20; ++i) many += interim;
  EXPECT_EQ(fault_of(call(many + kOk)), HttpFault::NotHttp);
}

TEST(HttpCall, TellsThatNobodyListens) {
  EXPECT_EQ(http_call(loopback_node(TcpListener::free_port()), {}, options()).error(),
            (HttpError{HttpFault::Refused, "connection refused"}));
}

TEST(HttpCall, TellsThatTheResponseIsCutOff) {
  EXPECT_EQ(fault_of(call("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")), HttpFault::CutOff);
  EXPECT_EQ(fault_of(call("")), HttpFault::CutOff);
}

TEST(HttpCall, TellsThatTheResponseIsTooLarge) {
  EXPECT_EQ(fault_of(call("HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n")), HttpFault::TooLarge);
}

TEST(HttpCall, TellsThatTheResponseIsNotHttp) {
  EXPECT_EQ(fault_of(call("220 mail.example ESMTP\r\n\r\n")), HttpFault::NotHttp);
}

TEST(HttpCall, EndsAtTheDeadline) {
  const TcpListener silent(TcpListener::Manner::Silent);
  const auto origin = parse_origin("http://" + silent.endpoint());
  EXPECT_EQ(http_call(*origin, {}, {.timeout = 1ms, .max_response_bytes = 1}).error(),
            (HttpError{HttpFault::TimedOut, "no response in time"}));
}

TEST(HttpCall, TellsThatTheLookupOfTheNameTimedOut) {
  // Without any time, the call has not come further.
  EXPECT_EQ(
      http_call(*parse_origin("http://localhost:1"), {}, {.timeout = 0ms, .max_response_bytes = 1})
          .error(),
      (HttpError{HttpFault::UnknownHost,
                 "the lookup of the name localhost timed out: does the name server respond"}));
}

TEST(HttpCall, EndsWhenItIsStopped) {
  const TcpListener silent(TcpListener::Manner::Silent);
  const auto origin = parse_origin("http://" + silent.endpoint());
  std::stop_source stop;
  std::jthread stopper([&stop] { stop.request_stop(); });
  const Result result =
      http_call(*origin, {}, {.timeout = 1h, .max_response_bytes = 1, .stop = stop.get_token()});
  EXPECT_EQ(fault_of(result), HttpFault::TimedOut);
}

class HttpsCall : public testing::Test {
 protected:
  /// Calls a server with `pair`'s certificate by the name `host`, and trusts `roots`.
  Result call(const TlsListenOptions& listen, const std::string& host, TlsCredentials tls) {
    const auto context = TlsContext::for_clients(listen);
    EXPECT_TRUE(context) << context.error();
    Server server([&](RawConnection connection) {
      TlsSocket socket(std::move(connection), (*context)->accept());
      if (!socket.shake_hands()) return;
      if (socket.read(4) == "GET ") socket.send(kOk);  // and no close_notify
    });
    HttpCallOptions with_tls = options();
    with_tls.tls = std::move(tls);
    auto result = http_call(server.tls_origin(host), {}, with_tls);
    server.join();
    return result;
  }

  std::string text(const std::string& file) { return read_file(file, 100'000).value(); }

  TempDir dir_;
  TestAuthority ca_{dir_.path(), "ca"};
  TestAuthority other_ca_{dir_.path(), "other-ca"};
};

TEST_F(HttpsCall, AcceptsACertificateForTheNameOrTheAddress) {
  const TlsListenOptions listen{.pairs = {ca_.issue("server")}};
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const Result result = call(listen, host, {.roots = text(ca_.file())});
    ASSERT_TRUE(result) << host << ": " << result.error().reason;
    EXPECT_EQ(result->body, "ok");
  }
}

TEST_F(HttpsCall, RefusesACertificateForAnotherName) {
  const TlsListenOptions listen{.pairs = {ca_.issue("server", {.alt_names = "DNS:elsewhere"})}};
  const Result result = call(listen, "localhost", {.roots = text(ca_.file())});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().reason, HasSubstr("for another name"));
}

TEST_F(HttpsCall, RefusesACertificateOfAnotherAuthority) {
  const TlsListenOptions listen{.pairs = {ca_.issue("server")}};
  EXPECT_FALSE(call(listen, "localhost", {.roots = text(other_ca_.file())}));
  EXPECT_FALSE(call(listen, "localhost", {}));  // the system's CAs
}

TEST_F(HttpsCall, ShowsTheClientCertificateToAServerThatAsks) {
  const TlsListenOptions listen{.pairs = {ca_.issue("server")},
                                .client_ca_file = ca_.file(),
                                .client_auth = ClientAuth::Required};
  const TlsPair client = ca_.issue("client");
  EXPECT_FALSE(call(listen, "localhost", {.roots = text(ca_.file())}));
  EXPECT_TRUE(call(
      listen, "localhost",
      {.roots = text(ca_.file()), .chain = text(client.cert_file), .key = text(client.key_file)}));
}

TEST_F(HttpsCall, FailsBeforeTheHandshakeIfTheKeyIsNoKey) {
  const TlsPair client = ca_.issue("client");
  HttpCallOptions with_tls = options();
  with_tls.tls = {.chain = text(client.cert_file), .key = "no key"};
  const Origin nobody{.tls = true,
                      .address = {.host = "localhost", .port = TcpListener::free_port()}};
  EXPECT_EQ(fault_of(http_call(nobody, {}, with_tls)), HttpFault::Other);
}

TEST(HttpRequest, ReplacesAHeaderWhateverItsCase) {
  HttpRequest request{.headers = {{"x-a", "1"}, {"X-B", "2"}, {"X-A", "3"}}};
  request.set("X-a", "4");
  EXPECT_EQ(request.headers, (HttpHeaders{{"X-B", "2"}, {"X-a", "4"}}));
}

/// A name with two addresses: one accepts connections and then is silent, the other one responds.
bool leaves_the_silent_address() {
  const RawListener silent;
  // Never destroyed: its thread ends with the process.
  auto& context = *new boost::asio::io_context;
  auto& good = *new boost::asio::ip::tcp::acceptor(
      context, {boost::asio::ip::make_address("127.0.0.2"), silent.port()});
  std::thread([&good] {
    for (;;) {
      RawConnection connection{Descriptor(good.accept().release())};
      connection.read_head();
      connection.send(kOk);
    }
  }).detach();
  const Origin origin{.tls = false, .address = {.host = "two.test", .port = silent.port()}};
  HttpCallOptions brief = options();
  brief.timeout = 1s;
  const Result first = http_call(origin, {}, brief);
  return !first && first.error().fault == HttpFault::TimedOut && http_call(origin, {}, options()) &&
         http_call(origin, {}, options());
}

// Each call began at the same address, and timed out.
TEST(HttpCall, LeavesAnAddressThatNeverResponds) {
  if (!can_replace_files()) GTEST_SKIP() << "needs namespaces";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(exit_with_files({{"/etc/nsswitch.conf", "hosts: files\n"},
                               {"/etc/host.conf", "multi on\n"},
                               {"/etc/hosts", "127.0.0.1 two.test\n127.0.0.2 two.test\n"}},
                              leaves_the_silent_address),
              testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace osproxy::client
