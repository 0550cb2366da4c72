// Tables of exchanges: the client sends, the node gets, the node sends, the client gets. In heads
// "\n" stands for CRLF; bodies stand there byte for byte.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

enum class Then : std::uint8_t { Stays, Ends };

struct Row {
  const char* name;
  std::string client_sends;
  std::string node_gets;
  std::string node_sends;
  std::string client_gets;
  Then node = Then::Stays;    ///< Ends: the node closes its connection after its response
  Then client = Then::Stays;  ///< Ends: the proxy closes the client's connection
};

std::string text(std::string_view head, std::string_view body = {}) {
  return crlf(head).append(body);
}

/// A request that carries both ids in its last header lines.
std::string with_ids(std::string head, std::string_view body = {}) {
  return text(head.append(kIds).append("\n"), body);
}

/// The same, chunked by the proxy, which writes the framing after all other lines.
std::string chunked(std::string head, std::string_view body) {
  return text(head.append(kIds).append("Transfer-Encoding: chunked\n\n"), body);
}

const std::string kGet = get("/");
const std::string kOk = response("{}");
const std::string kOkSeen = response_seen("{}");
const std::string kChunked = ok_head("Transfer-Encoding: chunked\n");
const std::string kChunkedSeen =
    text("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n");

/// A row about the request; the response is kOk.
Row request_row(const char* name, std::string client_sends, std::string node_gets,
                Then client = Then::Stays) {
  return {.name = name,
          .client_sends = std::move(client_sends),
          .node_gets = std::move(node_gets),
          .node_sends = kOk,
          .client_gets = client == Then::Ends ? last_response_seen("{}") : kOkSeen,
          .client = client};
}

/// The node gets each byte that the client sends.
Row same_request(const char* name, const std::string& head, std::string_view body = {}) {
  return request_row(name, with_ids(head, body), with_ids(head, body));
}

/// A row about the response; the request is kGet.
Row response_row(const char* name, std::string node_sends, std::string client_gets,
                 Then node = Then::Stays) {
  return {.name = name,
          .client_sends = kGet,
          .node_gets = kGet,
          .node_sends = std::move(node_sends),
          .client_gets = std::move(client_gets),
          .node = node};
}

/// The client gets each byte that the node sends, and its request id after the other lines.
Row same_response(const char* name, const std::string& head, std::string_view body = {}) {
  return response_row(name, text(head + "\n", body), text(head + "X-Request-Id: r\n\n", body));
}

std::vector<Row> request_rows() {
  return {
      request_row("Get", kGet, kGet),
      same_request("TargetByteForByte",
                   "GET /%3Clogs-%7Bnow%2Fd%7D%3E/_doc/a%2Fb+c%20d?q=x%3A1+2&pretty HTTP/1.1\n"
                   "Host: h\n"),
      same_request("HeadersKeepOrderRepeatsCaseAndInnerSpace",
                   "GET / HTTP/1.1\nhOST: h\nb: 2\nA:1\nb: 3\nC:  x  y \n"),
      same_request("EmptyHeaderValue", "GET / HTTP/1.1\nHost: h\nA:\n"),
      request_row("HopByHopHeadersEndHere",
                  with_ids("GET / HTTP/1.1\nHost: h\nKeep-Alive: timeout=5\nTE: trailers\n"
                           "Proxy-Connection: x\nConnection: keep-alive\nA: 1\n"),
                  with_ids("GET / HTTP/1.1\nHost: h\nA: 1\n")),
      request_row("HeadersNamedByConnectionEndHere",
                  with_ids("GET / HTTP/1.1\nHost: h\nx-secret: 1\n"
                           "Connection: X-Secret, keep-alive\nA: 1\n"),
                  with_ids("GET / HTTP/1.1\nHost: h\nA: 1\n")),
      request_row("UpgradeEndsHere",
                  with_ids("GET / HTTP/1.1\nHost: h\nConnection: Upgrade, HTTP2-Settings\n"
                           "Upgrade: h2c\nHTTP2-Settings: AAMAAABkAAQ\n"),
                  kGet),
      request_row("ConnectionCloseIsHonoured",
                  with_ids("GET / HTTP/1.1\nHost: h\nConnection: close\n"), kGet, Then::Ends),
      same_request("PostWithLength", "POST /i/_doc HTTP/1.1\nHost: h\nContent-Length: 7\n",
                   R"({"a":1})"),
      same_request("PostWithLengthZero", "POST /i/_refresh HTTP/1.1\nHost: h\nContent-Length: 0\n"),
      same_request("PostWithoutABody", "POST /i/_refresh HTTP/1.1\nHost: h\n"),
      same_request("GetWithABody", "GET /_search HTTP/1.1\nHost: h\nContent-Length: 2\n", "{}"),
      request_row("ChunksAreFramedAnewAndExtensionsDropped",
                  with_ids("GET /_search HTTP/1.1\nHost: h\nTransfer-Encoding: Chunked\n",
                           "2;ext=\"1\"\r\n{\"\r\n005\r\na\":1}\r\n0\r\n\r\n"),
                  chunked("GET /_search HTTP/1.1\nHost: h\n", "7\r\n{\"a\":1}\r\n0\r\n\r\n")),
      request_row("TrailersArePassedOn",
                  with_ids("POST /_bulk HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n",
                           "1\r\na\r\n0\r\nChecksum: 1\r\n\r\n"),
                  chunked("POST /_bulk HTTP/1.1\nHost: h\n", "1\r\na\r\n0\r\nChecksum: 1\r\n\r\n")),
      request_row(
          "EmptyChunkedBody",
          with_ids("POST /_bulk HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n", "0\r\n\r\n"),
          chunked("POST /_bulk HTTP/1.1\nHost: h\n", "0\r\n\r\n")),
      same_request("UnknownMethodsPass", "PURGE /i HTTP/1.1\nHost: h\n"),
      same_request("OptionsOfTheServer", "OPTIONS * HTTP/1.1\nHost: h\n"),
      same_request("ContentEncodingIsNotTouched",
                   "POST /_bulk HTTP/1.1\nHost: h\nContent-Encoding: gzip\n"
                   "Content-Length: 3\nAccept-Encoding: gzip\n",
                   std::string_view("\x1f\x8b\0", 3)),
      request_row("AnEmptyLineBeforeTheRequestIsSkipped", "\r\n" + kGet, kGet),
      request_row("TheClientsIdStaysInItsPlace",
                  text("GET / HTTP/1.1\nX-Request-Id: r\nHost: h\n\n"),
                  text("GET / HTTP/1.1\nX-Request-Id: r\nHost: h\n\n")),
      same_request("DotsAndSlashesInTheTargetStay",
                   "GET /a/..//b/./%2e%2E/;c?d//e=../f HTTP/1.1\nHost: h\n"),
      same_request("TargetsMayHaveHighBytes", "GET /\xc3\xa4?q=\xc3\xb6 HTTP/1.1\nHost: h\n"),
      request_row("APathGetsItsFirstSlash", with_ids("GET _cat/health?v HTTP/1.1\nHost: h\n"),
                  with_ids("GET /_cat/health?v HTTP/1.1\nHost: h\n")),
      request_row("AnAbsoluteTargetsHostReplacesTheClients",
                  with_ids("GET http://other:9200/a%2Fb?c HTTP/1.1\nHost: h\n"),
                  with_ids("GET /a%2Fb?c HTTP/1.1\nHost: other:9200\n")),
      same_request("AHostMayBeAnAddressWithAPort", "GET / HTTP/1.1\nHost: [::1]:9200\n"),
      same_request("MethodsAreComparedWithCase", "get / HTTP/1.1\nHost: h\n"),
      same_request("ValuesMayHaveTabsAndHighBytes",
                   "GET / HTTP/1.1\nHost: h\nA: \xc3\xa4\tb \xff\n"),
      same_request("CredentialsAndForwardedHeadersPass",
                   "GET / HTTP/1.1\nHost: h\nAuthorization: Basic YTpi\nCookie: a\n"
                   "Cookie: b\nForwarded: for=x\nX-Forwarded-For: y\nVia: 1.1 z\n"),
      request_row("ConnectionMayBeSplitAndHaveEmptyElements",
                  with_ids("GET / HTTP/1.1\nA: 1\nHost: h\nConnection: ,keep-alive , \n"
                           "B: 2\nconnection: a,,B\n"),
                  kGet),
      same_request("DeleteWithABody",
                   "DELETE /_search/scroll HTTP/1.1\nHost: h\nContent-Length:  2 \n", "{}"),
      same_request("ABodyMayLookLikeARequest", "POST / HTTP/1.1\nHost: h\nContent-Length: 27\n",
                   "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
      request_row("ChunkSizesMayBeUpperCaseAndHaveSpaceBeforeTheirExtension",
                  with_ids("POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n",
                           "A \t;x=y;z\r\n0123456789\r\n000;last\r\n\r\n"),
                  chunked("POST / HTTP/1.1\nHost: h\n", "a\r\n0123456789\r\n0\r\n\r\n")),
      same_request("ExpectPassesWithTheBodyAtHand",
                   "POST / HTTP/1.1\nHost: h\nExpect: 100-continue\n"
                   "Content-Length: 2\n",
                   "{}"),
      request_row("Http10PostWithLength",
                  with_ids("POST / HTTP/1.0\nHost: h\nContent-Length: 2\n", "{}"),
                  with_ids("POST / HTTP/1.1\nHost: h\nContent-Length: 2\n", "{}"), Then::Ends),
      request_row("Http10WithoutKeepAliveEnds", with_ids("GET / HTTP/1.0\nHost: h\n"), kGet,
                  Then::Ends),
      request_row("ExpectOfHttp10EndsHere",
                  with_ids("GET / HTTP/1.0\nHost: h\nExpect: 100-continue\n"), kGet, Then::Ends),
  };
}

std::vector<Row> response_rows() {
  return {
      response_row("Length", kOk, kOkSeen),
      same_response("LengthZero", "HTTP/1.1 200 OK\nContent-Length: 0\n"),
      same_response("HeadersKeepOrderAndRepeats",
                    "HTTP/1.1 201 Created\nB: 2\nA:1\nSet-Cookie: x\nSet-Cookie: y\n"
                    "Content-Length: 0\n"),
      same_response("TheReasonStays", "HTTP/1.1 404 Nicht da \xc3\xa4\nContent-Length: 0\n"),
      same_response("NoReason", "HTTP/1.1 200 \nContent-Length: 0\n"),
      response_row("HopByHopHeadersEndHere",
                   text("HTTP/1.1 200 OK\nConnection: keep-alive, X-Inner\n"
                        "Keep-Alive: timeout=4\nx-inner: 1\nUpgrade: h2c\n"
                        "Content-Length: 2\n\n",
                        "{}"),
                   kOkSeen),
      response_row("TheNodesRequestIdIsReplaced",
                   text("HTTP/1.1 200 OK\nX-Request-Id: other\nContent-Length: 2\n\n", "{}"),
                   kOkSeen),
      same_response("AnOpaqueIdOfTheClientStays",
                    "HTTP/1.1 200 OK\nX-Opaque-Id: o\nContent-Length: 2\n", "{}"),
      response_row("ChunksAreFramedAnew", kChunked + "1\r\n{\r\n1;x\r\n}\r\n0\r\n\r\n",
                   kChunkedSeen + "2\r\n{}\r\n0\r\n\r\n"),
      response_row("TrailersArePassedOn", kChunked + "2\r\n{}\r\n0\r\nTook: 5\r\n\r\n",
                   kChunkedSeen + "2\r\n{}\r\n0\r\nTook: 5\r\n\r\n"),
      response_row("CloseDelimitedBecomesChunked", text("HTTP/1.1 200 OK\n\n", "{}"),
                   kChunkedSeen + "2\r\n{}\r\n0\r\n\r\n", Then::Ends),
      response_row("ConnectionCloseOfTheNodeEndsHere",
                   text("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 2\n\n", "{}"), kOkSeen,
                   Then::Ends),
      response_row("Http10ResponseWithLength", text("HTTP/1.0 200 OK\nContent-Length: 2\n\n", "{}"),
                   kOkSeen, Then::Ends),
      same_response("NoContentHasNoFraming", "HTTP/1.1 204 No Content\n"),
      same_response("NotModifiedKeepsItsLengthAndHasNoBody",
                    "HTTP/1.1 304 Not Modified\nContent-Length: 10\n"),
      response_row("NoReasonAndNoSpaceBeforeIt", text("HTTP/1.1 200\nContent-Length: 0\n\n"),
                   text("HTTP/1.1 200 \nContent-Length: 0\nX-Request-Id: r\n\n")),
      same_response("ErrorsOfOpenSearchStay",
                    "HTTP/1.1 429 Too Many Requests\nRetry-After: 1\n"
                    "Content-Length: 2\n",
                    "{}"),
      same_response("ContentEncodingIsNotTouched",
                    "HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 3\n",
                    std::string_view("\x1f\x8b\0", 3)),
      same_response("ValuesMayHaveTabsAndHighBytes",
                    "HTTP/1.1 200 OK\nWarning: 299 \xc3\xa4\t\xff\n"
                    "Content-Length: 0\n"),
      same_response("ABodyMayLookLikeAResponse", "HTTP/1.1 200 OK\nContent-Length: 19\n",
                    "HTTP/1.1 200 OK\r\n\r\n"),
      response_row("NoContentLosesALengthOfZero",
                   text("HTTP/1.1 204 No Content\nContent-Length: 0\n\n"),
                   text("HTTP/1.1 204 No Content\nX-Request-Id: r\n\n")),
      response_row("EmptyChunkedBody", kChunked + "0\r\n\r\n", kChunkedSeen + "0\r\n\r\n"),
      response_row("EmptyCloseDelimitedBody", text("HTTP/1.1 200 OK\n\n"),
                   kChunkedSeen + "0\r\n\r\n", Then::Ends),
      response_row("Http10ResponseUntilTheClose", text("HTTP/1.0 200 OK\n\n", "{}"),
                   kChunkedSeen + "2\r\n{}\r\n0\r\n\r\n", Then::Ends),
      response_row("Http10ResponseWithKeepAlive",
                   text("HTTP/1.0 200 OK\nConnection: keep-alive\nContent-Length: 2\n\n", "{}"),
                   kOkSeen),
      response_row("SeveralInterimResponses",
                   text("HTTP/1.1 103 Early Hints\nConnection: x-a\nX-A: 1\nLink: </a>\n"
                        "\n") +
                       text("HTTP/1.1 100 Continue\n\n") +
                       text("HTTP/1.1 103 Early Hints\nB: 2\n\n") + kOk,
                   text("HTTP/1.1 103 Early Hints\nLink: </a>\nX-Request-Id: r\n\n") +
                       text("HTTP/1.1 103 Early Hints\nB: 2\nX-Request-Id: r\n\n") + kOkSeen),
      response_row("EarlyHintsArePassedOn", text("HTTP/1.1 103 Early Hints\nLink: </a>\n\n") + kOk,
                   text("HTTP/1.1 103 Early Hints\nLink: </a>\nX-Request-Id: r\n\n") + kOkSeen),
      response_row("ProcessingIsPassedOn", text("HTTP/1.1 102 Processing\n\n") + kOk,
                   text("HTTP/1.1 102 Processing\nX-Request-Id: r\n\n") + kOkSeen),
      response_row("AContinueWithoutExpectIsDropped", text("HTTP/1.1 100 Continue\n\n") + kOk,
                   kOkSeen),
  };
}

std::vector<Row> both_rows() {
  const auto head = with_ids("HEAD / HTTP/1.1\nHost: h\n");
  return {
      {.name = "HeadWithLength",
       .client_sends = head,
       .node_gets = head,
       .node_sends = text("HTTP/1.1 200 OK\nContent-Length: 512\n\n"),
       .client_gets = text("HTTP/1.1 200 OK\nContent-Length: 512\nX-Request-Id: r\n\n")},
      {.name = "HeadWithoutFraming",
       .client_sends = head,
       .node_gets = head,
       .node_sends = text("HTTP/1.1 404 Not Found\nA: 1\n\n"),
       .client_gets = text("HTTP/1.1 404 Not Found\nA: 1\nX-Request-Id: r\n\n")},
      {.name = "HeadWithChunked",
       .client_sends = head,
       .node_gets = head,
       .node_sends = kChunked,
       .client_gets = text("HTTP/1.1 200 OK\nX-Request-Id: r\n\n")},
      {.name = "HeadWithNotModified",
       .client_sends = head,
       .node_gets = head,
       .node_sends = text("HTTP/1.1 304 Not Modified\nETag: x\n\n"),
       .client_gets = text("HTTP/1.1 304 Not Modified\nETag: x\nX-Request-Id: r\n\n")},
      {.name = "Http10KeepAlive",
       .client_sends = with_ids("GET / HTTP/1.0\nHost: h\nConnection: keep-alive\n"),
       .node_gets = kGet,
       .node_sends = kOk,
       .client_gets = text("HTTP/1.1 200 OK\nContent-Length: 2\nX-Request-Id: r\n"
                           "Connection: keep-alive\n\n",
                           "{}")},
      {.name = "Http10GetsChunksUntilClose",
       .client_sends = with_ids("GET / HTTP/1.0\nHost: h\nConnection: keep-alive\n"),
       .node_gets = kGet,
       .node_sends = kChunked + "2\r\n{}\r\n0\r\nT: 1\r\n\r\n",
       .client_gets = text("HTTP/1.1 200 OK\nX-Request-Id: r\nConnection: close\n\n", "{}"),
       .client = Then::Ends},
      {.name = "Http10BecomesHttp11",
       .client_sends = with_ids("GET / HTTP/1.0\n"),
       .node_gets = text("GET / HTTP/1.1\nX-Opaque-Id: o\nX-Request-Id: r\nHost: \n\n"),
       .node_sends = text("HTTP/1.1 103 Early Hints\n\n") + kOk,
       .client_gets = text("HTTP/1.1 200 OK\nContent-Length: 2\nX-Request-Id: r\n"
                           "Connection: close\n\n",
                           "{}"),
       .client = Then::Ends},
      {.name = "AStatusOfNoClassIsPassedOn",
       .client_sends = kGet,
       .node_gets = kGet,
       .node_sends = text("HTTP/1.1 799 Odd\nContent-Length: 2\n\n", "{}"),
       .client_gets = text("HTTP/1.1 799 Odd\nContent-Length: 2\nX-Request-Id: r\n\n", "{}")},
  };
}

class ExchangeTable : public ProxyTest, public testing::WithParamInterface<Row> {
 protected:
  void SetUp() override { start(); }

  void run(Dialog& dialog) {
    const Row& row = GetParam();
    dialog.client_sends(row.client_sends).node_gets(row.node_gets).node_sends(row.node_sends);
    if (row.node == Then::Ends) dialog.node_closes();
    dialog.client_gets(row.client_gets);
    if (row.client == Then::Ends) {
      dialog.client_gets_end();
    } else {
      dialog.exchange();  // over the same connections, if the node has not closed its own
    }
    EXPECT_TRUE(upstream.nobody_waits());
  }
};

TEST_P(ExchangeTable, Passes) {
  Dialog dialog = this->dialog();
  run(dialog);
}

std::string name_of(const testing::TestParamInfo<Row>& row) { return row.param.name; }

INSTANTIATE_TEST_SUITE_P(Requests, ExchangeTable, testing::ValuesIn(request_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Responses, ExchangeTable, testing::ValuesIn(response_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Both, ExchangeTable, testing::ValuesIn(both_rows()), name_of);

/// The same rows byte by byte. Rows with chunks are left out: the proxy cuts its chunks as the
/// payload arrives.
std::vector<Row> without_chunks(std::vector<Row> rows) {
  std::erase_if(rows, [](const Row& row) {
    return row.node_gets.contains("chunked") || row.client_gets.contains("chunked");
  });
  return rows;
}

class ExchangeTableInBytes : public ExchangeTable {};

TEST_P(ExchangeTableInBytes, PassesByteByByte) {
  Dialog dialog = this->dialog();
  run(dialog.byte_by_byte());
}

INSTANTIATE_TEST_SUITE_P(Requests, ExchangeTableInBytes,
                         testing::ValuesIn(without_chunks(request_rows())), name_of);
INSTANTIATE_TEST_SUITE_P(Responses, ExchangeTableInBytes,
                         testing::ValuesIn(without_chunks(response_rows())), name_of);
INSTANTIATE_TEST_SUITE_P(Both, ExchangeTableInBytes, testing::ValuesIn(without_chunks(both_rows())),
                         name_of);

}  // namespace
}  // namespace osproxy
