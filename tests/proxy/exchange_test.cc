// One table of raw exchanges: what a client sends, what the upstream gets, what it answers, and
// what the client gets. In heads "\n" stands for CRLF; bodies are as they are.
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/proxy/fixture.h"

namespace osproxy {
namespace {

enum class Then : std::uint8_t { Stays, Ends };

struct Row {
  const char* name;
  std::string sends;
  std::string upstream_gets;
  std::string responses;
  std::string client_gets;
  Then upstream = Then::Stays;  ///< Ends: the upstream closes behind its response
  Then client = Then::Stays;    ///< whether the proxy keeps the client's connection
};

std::string text(std::string_view head, std::string_view body = {}) {
  return crlf(head).append(body);
}

const std::string kGet = text("GET / HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n");
const std::string kOk = text("HTTP/1.1 200 OK\nContent-Length: 2\n\n", "{}");
const std::string kOkSeen = text("HTTP/1.1 200 OK\nContent-Length: 2\nX-Request-Id: r\n\n", "{}");

/// A GET of `target`, as it is sent and as it arrives.
std::string get_of(std::string_view target) {
  return text("GET " + std::string(target) +
              " HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n");
}

/// Rows about the request; the response is kOk.
Row request(const char* name, std::string sends, std::string upstream_gets,
            Then client = Then::Stays) {
  Row row{.name = name,
          .sends = std::move(sends),
          .upstream_gets = std::move(upstream_gets),
          .responses = kOk,
          .client_gets = kOkSeen,
          .client = client};
  if (client == Then::Ends) {
    row.client_gets =
        text("HTTP/1.1 200 OK\nContent-Length: 2\nX-Request-Id: r\nConnection: close\n\n", "{}");
  }
  return row;
}

/// Rows about the response; the request is kGet.
Row response(const char* name, std::string responses, std::string client_gets,
             Then upstream = Then::Stays, Then client = Then::Stays) {
  return {.name = name,
          .sends = kGet,
          .upstream_gets = kGet,
          .responses = std::move(responses),
          .client_gets = std::move(client_gets),
          .upstream = upstream,
          .client = client};
}

std::vector<Row> request_rows() {
  return {
      request("Get", kGet, kGet),
      request("TargetByteForByte",
              text("GET /%3Clogs-%7Bnow%2Fd%7D%3E/_doc/a%2Fb+c%20d?q=x%3A1+2&pretty HTTP/1.1\n"
                   "Host: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("GET /%3Clogs-%7Bnow%2Fd%7D%3E/_doc/a%2Fb+c%20d?q=x%3A1+2&pretty HTTP/1.1\n"
                   "Host: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("HeadersKeepOrderRepeatsCaseAndInnerSpace",
              text("GET / HTTP/1.1\nhOST: h\nb: 2\nA:1\nb: 3\nC:  x  y \n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("GET / HTTP/1.1\nhOST: h\nb: 2\nA:1\nb: 3\nC:  x  y \n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("EmptyHeaderValue",
              text("GET / HTTP/1.1\nHost: h\nA:\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("GET / HTTP/1.1\nHost: h\nA:\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("HopByHopHeadersEndHere",
              text("GET / HTTP/1.1\nHost: h\nKeep-Alive: timeout=5\nTE: trailers\n"
                   "Proxy-Connection: x\nConnection: keep-alive\nA: 1\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("GET / HTTP/1.1\nHost: h\nA: 1\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("HeadersThatConnectionNamesEndHere",
              text("GET / HTTP/1.1\nHost: h\nx-secret: 1\nConnection: X-Secret, keep-alive\nA: 1\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("GET / HTTP/1.1\nHost: h\nA: 1\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("UpgradeIsNeverPassedOn",
              text("GET / HTTP/1.1\nHost: h\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\n"
                   "HTTP2-Settings: AAMAAABkAAQ\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              kGet),
      request("ConnectionCloseIsHonoured",
              text("GET / HTTP/1.1\nHost: h\nConnection: close\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n"),
              kGet, Then::Ends),
      request("PostWithLength",
              text("POST /i/_doc HTTP/1.1\nHost: h\nContent-Length: 7\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "{\"a\":1}"),
              text("POST /i/_doc HTTP/1.1\nHost: h\nContent-Length: 7\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "{\"a\":1}")),
      request("PostWithLengthZero",
              text("POST /i/_refresh HTTP/1.1\nHost: h\nContent-Length: 0\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("POST /i/_refresh HTTP/1.1\nHost: h\nContent-Length: 0\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("PostWithoutABody",
              text("POST /i/_refresh HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("POST /i/_refresh HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("GetWithABody",
              text("GET /_search HTTP/1.1\nHost: h\nContent-Length: 2\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "{}"),
              text("GET /_search HTTP/1.1\nHost: h\nContent-Length: 2\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "{}")),
      request("ChunksAreFramedAnewAndExtensionsDropped",
              text("GET /_search HTTP/1.1\nHost: h\nTransfer-Encoding: Chunked\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "2;ext=\"1\"\r\n{\"\r\n005\r\na\":1}\r\n0\r\n\r\n"),
              text("GET /_search HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n"
                   "Transfer-Encoding: chunked\n\n",
                   "7\r\n{\"a\":1}\r\n0\r\n\r\n")),
      request("TrailersArePassedOn",
              text("POST /_bulk HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "1\r\na\r\n0\r\nChecksum: 1\r\n\r\n"),
              text("POST /_bulk HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n"
                   "Transfer-Encoding: chunked\n\n",
                   "1\r\na\r\n0\r\nChecksum: 1\r\n\r\n")),
      request("EmptyChunkedBody",
              text("POST /_bulk HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "0\r\n\r\n"),
              text("POST /_bulk HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n"
                   "Transfer-Encoding: chunked\n\n",
                   "0\r\n\r\n")),
      request("UnknownMethodsPass",
              text("PURGE /i HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("PURGE /i HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("OptionsOfTheServer",
              text("OPTIONS * HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("OPTIONS * HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("ContentEncodingIsNotTouched",
              text("POST /_bulk HTTP/1.1\nHost: h\nContent-Encoding: gzip\nContent-Length: 3\n"
                   "Accept-Encoding: gzip\nX-Opaque-Id: o\nX-Request-Id: r\n\n",
                   std::string_view("\x1f\x8b\0", 3)),
              text("POST /_bulk HTTP/1.1\nHost: h\nContent-Encoding: gzip\nContent-Length: 3\n"
                   "Accept-Encoding: gzip\nX-Opaque-Id: o\nX-Request-Id: r\n\n",
                   std::string_view("\x1f\x8b\0", 3))),
      request("AnEmptyLineBeforeTheRequestIsSkipped", "\r\n" + kGet, kGet),
      request("TheClientsIdMovesBehindTheOthers",
              text("GET / HTTP/1.1\nHost: h\nX-Request-Id: r\nX-Opaque-Id: o\n\n"), kGet),
      request("TheIdBecomesTheOpaqueIdWhereThereIsNone",
              text("GET / HTTP/1.1\nHost: h\nX-Request-Id: r\n\n"),
              text("GET / HTTP/1.1\nHost: h\nX-Request-Id: r\nX-Opaque-Id: r\n\n")),
      request("DotsAndSlashesInTheTargetStay", get_of("/a/..//b/./%2e%2E/;c?d//e=../f"),
              get_of("/a/..//b/./%2e%2E/;c?d//e=../f")),
      request("AbsoluteTargetsStay", get_of("http://other:9200/a%2Fb?c"),
              get_of("http://other:9200/a%2Fb?c")),
      request("AHostMayBeAnAddressWithAPort",
              text("GET / HTTP/1.1\nHost: [::1]:9200\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("GET / HTTP/1.1\nHost: [::1]:9200\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("MethodsAreComparedWithCase",
              text("get / HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              text("get / HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n")),
      request("ValuesMayHaveTabsAndHighBytes",
              text("GET / HTTP/1.1\nHost: h\nA: \xc3\xa4\tb \xff\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n"),
              text("GET / HTTP/1.1\nHost: h\nA: \xc3\xa4\tb \xff\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n")),
      request("CredentialsAndForwardedHeadersPass",
              text("GET / HTTP/1.1\nHost: h\nAuthorization: Basic YTpi\nCookie: a\nCookie: b\n"
                   "Forwarded: for=x\nX-Forwarded-For: y\nVia: 1.1 z\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n"),
              text("GET / HTTP/1.1\nHost: h\nAuthorization: Basic YTpi\nCookie: a\nCookie: b\n"
                   "Forwarded: for=x\nX-Forwarded-For: y\nVia: 1.1 z\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n")),
      request("ConnectionMayBeSplitAndHaveEmptyElements",
              text("GET / HTTP/1.1\nA: 1\nHost: h\nConnection: ,keep-alive , \nB: 2\n"
                   "connection: a,,B\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
              kGet),
      request("DeleteWithABody",
              text("DELETE /_search/scroll HTTP/1.1\nHost: h\nContent-Length:  2 \n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "{}"),
              text("DELETE /_search/scroll HTTP/1.1\nHost: h\nContent-Length:  2 \n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "{}")),
      request("ABodyMayLookLikeARequest",
              text("POST / HTTP/1.1\nHost: h\nContent-Length: 27\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n",
                   "GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
              text("POST / HTTP/1.1\nHost: h\nContent-Length: 27\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n",
                   "GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
      request("ChunkSizesMayBeUpperCaseAndHaveSpaceBeforeTheirExtension",
              text("POST / HTTP/1.1\nHost: h\nTransfer-Encoding: chunked\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "A \t;x=y;z\r\n0123456789\r\n000;last\r\n\r\n"),
              text("POST / HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n"
                   "Transfer-Encoding: chunked\n\n",
                   "a\r\n0123456789\r\n0\r\n\r\n")),
      request("ExpectPassesWithTheBodyAtHand",
              text("POST / HTTP/1.1\nHost: h\nExpect: 100-continue\nContent-Length: 2\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "{}"),
              text("POST / HTTP/1.1\nHost: h\nExpect: 100-continue\nContent-Length: 2\n"
                   "X-Opaque-Id: o\nX-Request-Id: r\n\n",
                   "{}")),
      request("Http10PostWithLength",
              text("POST / HTTP/1.0\nHost: h\nContent-Length: 2\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n",
                   "{}"),
              text("POST / HTTP/1.1\nHost: h\nContent-Length: 2\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n",
                   "{}"),
              Then::Ends),
      request("Http10WithoutKeepAliveEnds",
              text("GET / HTTP/1.0\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n"), kGet,
              Then::Ends),
      request("ExpectIsTakenOutOfHttp10",
              text("GET / HTTP/1.0\nHost: h\nExpect: 100-continue\nX-Opaque-Id: o\n"
                   "X-Request-Id: r\n\n"),
              kGet, Then::Ends),
  };
}

std::vector<Row> respond_rows() {
  return {
      response("Length", kOk, kOkSeen),
      response("LengthZero", text("HTTP/1.1 200 OK\nContent-Length: 0\n\n"),
               text("HTTP/1.1 200 OK\nContent-Length: 0\nX-Request-Id: r\n\n")),
      response("HeadersKeepOrderAndRepeats",
               text("HTTP/1.1 201 Created\nB: 2\nA:1\nSet-Cookie: x\nSet-Cookie: y\n"
                    "Content-Length: 0\n\n"),
               text("HTTP/1.1 201 Created\nB: 2\nA:1\nSet-Cookie: x\nSet-Cookie: y\n"
                    "Content-Length: 0\nX-Request-Id: r\n\n")),
      response("TheReasonIsKeptAsItIs",
               text("HTTP/1.1 404 Nicht da \xc3\xa4\nContent-Length: 0\n\n"),
               text("HTTP/1.1 404 Nicht da \xc3\xa4\nContent-Length: 0\nX-Request-Id: r\n\n")),
      response("NoReason", text("HTTP/1.1 200 \nContent-Length: 0\n\n"),
               text("HTTP/1.1 200 \nContent-Length: 0\nX-Request-Id: r\n\n")),
      response("HopByHopHeadersEndHere",
               text("HTTP/1.1 200 OK\nConnection: keep-alive, X-Inner\nKeep-Alive: timeout=4\n"
                    "x-inner: 1\nUpgrade: h2c\nContent-Length: 2\n\n",
                    "{}"),
               kOkSeen),
      response("TheUpstreamsRequestIdGivesWay",
               text("HTTP/1.1 200 OK\nX-Request-Id: other\nContent-Length: 2\n\n", "{}"), kOkSeen),
      response(
          "OpaqueIdIsEchoedToTheClientThatSentOne",
          text("HTTP/1.1 200 OK\nX-Opaque-Id: o\nContent-Length: 2\n\n", "{}"),
          text("HTTP/1.1 200 OK\nX-Opaque-Id: o\nContent-Length: 2\nX-Request-Id: r\n\n", "{}")),
      response("ChunksAreFramedAnew",
               text("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n",
                    "1\r\n{\r\n1;x\r\n}\r\n0\r\n\r\n"),
               text("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n",
                    "2\r\n{}\r\n0\r\n\r\n")),
      response("TrailersArePassedOn",
               text("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n",
                    "2\r\n{}\r\n0\r\nTook: 5\r\n\r\n"),
               text("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n",
                    "2\r\n{}\r\n0\r\nTook: 5\r\n\r\n")),
      response("CloseDelimitedBecomesChunked", text("HTTP/1.1 200 OK\n\n", "{}"),
               text("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n",
                    "2\r\n{}\r\n0\r\n\r\n"),
               Then::Ends),
      response("ConnectionCloseOfTheUpstreamIsItsOwn",
               text("HTTP/1.1 200 OK\nConnection: close\nContent-Length: 2\n\n", "{}"), kOkSeen,
               Then::Ends),
      response("Http10ResponseWithLength", text("HTTP/1.0 200 OK\nContent-Length: 2\n\n", "{}"),
               kOkSeen, Then::Ends),
      response("NoContentHasNoFraming", text("HTTP/1.1 204 No Content\n\n"),
               text("HTTP/1.1 204 No Content\nX-Request-Id: r\n\n")),
      response("NotModifiedKeepsItsLengthAndHasNoBody",
               text("HTTP/1.1 304 Not Modified\nContent-Length: 10\n\n"),
               text("HTTP/1.1 304 Not Modified\nContent-Length: 10\nX-Request-Id: r\n\n")),
      response("NoReasonAndNoSpaceBeforeIt", text("HTTP/1.1 200\nContent-Length: 0\n\n"),
               text("HTTP/1.1 200 \nContent-Length: 0\nX-Request-Id: r\n\n")),
      response("ErrorsOfOpenSearchAreItsOwn",
               text("HTTP/1.1 429 Too Many Requests\nRetry-After: 1\nContent-Length: 2\n\n", "{}"),
               text("HTTP/1.1 429 Too Many Requests\nRetry-After: 1\nContent-Length: 2\n"
                    "X-Request-Id: r\n\n",
                    "{}")),
      response("ContentEncodingIsNotTouched",
               text("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 3\n\n",
                    std::string_view("\x1f\x8b\0", 3)),
               text("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 3\n"
                    "X-Request-Id: r\n\n",
                    std::string_view("\x1f\x8b\0", 3))),
      response("ValuesMayHaveTabsAndHighBytes",
               text("HTTP/1.1 200 OK\nWarning: 299 \xc3\xa4\t\xff\nContent-Length: 0\n\n"),
               text("HTTP/1.1 200 OK\nWarning: 299 \xc3\xa4\t\xff\nContent-Length: 0\n"
                    "X-Request-Id: r\n\n")),
      response("ABodyMayLookLikeAResponse",
               text("HTTP/1.1 200 OK\nContent-Length: 19\n\n", "HTTP/1.1 200 OK\r\n\r\n"),
               text("HTTP/1.1 200 OK\nContent-Length: 19\nX-Request-Id: r\n\n",
                    "HTTP/1.1 200 OK\r\n\r\n")),
      response("NoContentLosesALengthOfZero",
               text("HTTP/1.1 204 No Content\nContent-Length: 0\n\n"),
               text("HTTP/1.1 204 No Content\nX-Request-Id: r\n\n")),
      response(
          "EmptyChunkedBody", text("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "0\r\n\r\n"),
          text("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n", "0\r\n\r\n")),
      response(
          "EmptyCloseDelimitedBody", text("HTTP/1.1 200 OK\n\n"),
          text("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n", "0\r\n\r\n"),
          Then::Ends),
      response("Http10ResponseUntilItsClose", text("HTTP/1.0 200 OK\n\n", "{}"),
               text("HTTP/1.1 200 OK\nX-Request-Id: r\nTransfer-Encoding: chunked\n\n",
                    "2\r\n{}\r\n0\r\n\r\n"),
               Then::Ends),
      response("Http10ResponseThatKeepsItsConnection",
               text("HTTP/1.0 200 OK\nConnection: keep-alive\nContent-Length: 2\n\n", "{}"),
               kOkSeen),
      response("SeveralInterimResponses",
               text("HTTP/1.1 103 Early Hints\nConnection: x-a\nX-A: 1\nLink: </a>\n\n") +
                   text("HTTP/1.1 100 Continue\n\n") + text("HTTP/1.1 103 Early Hints\nB: 2\n\n") +
                   kOk,
               text("HTTP/1.1 103 Early Hints\nLink: </a>\nX-Request-Id: r\n\n") +
                   text("HTTP/1.1 103 Early Hints\nB: 2\nX-Request-Id: r\n\n") + kOkSeen),
      response("EarlyHintsArePassedOn", text("HTTP/1.1 103 Early Hints\nLink: </a>\n\n") + kOk,
               text("HTTP/1.1 103 Early Hints\nLink: </a>\nX-Request-Id: r\n\n") + kOkSeen),
      response("ProcessingIsPassedOn", text("HTTP/1.1 102 Processing\n\n") + kOk,
               text("HTTP/1.1 102 Processing\nX-Request-Id: r\n\n") + kOkSeen),
      response("A100ThatNobodyAskedForIsDropped", text("HTTP/1.1 100 Continue\n\n") + kOk, kOkSeen),
  };
}

std::vector<Row> other_rows() {
  const auto head = text("HEAD / HTTP/1.1\nHost: h\nX-Opaque-Id: o\nX-Request-Id: r\n\n");
  return {
      {.name = "HeadWithLength",
       .sends = head,
       .upstream_gets = head,
       .responses = text("HTTP/1.1 200 OK\nContent-Length: 512\n\n"),
       .client_gets = text("HTTP/1.1 200 OK\nContent-Length: 512\nX-Request-Id: r\n\n")},
      {.name = "HeadWithoutFraming",
       .sends = head,
       .upstream_gets = head,
       .responses = text("HTTP/1.1 404 Not Found\nA: 1\n\n"),
       .client_gets = text("HTTP/1.1 404 Not Found\nA: 1\nX-Request-Id: r\n\n")},
      {.name = "HeadWithChunked",
       .sends = head,
       .upstream_gets = head,
       .responses = text("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n"),
       .client_gets = text("HTTP/1.1 200 OK\nX-Request-Id: r\n\n")},
      {.name = "HeadWithNotModified",
       .sends = head,
       .upstream_gets = head,
       .responses = text("HTTP/1.1 304 Not Modified\nETag: x\n\n"),
       .client_gets = text("HTTP/1.1 304 Not Modified\nETag: x\nX-Request-Id: r\n\n")},
      {.name = "Http10KeepAlive",
       .sends = text("GET / HTTP/1.0\nHost: h\nConnection: keep-alive\nX-Opaque-Id: o\n"
                     "X-Request-Id: r\n\n"),
       .upstream_gets = kGet,
       .responses = kOk,
       .client_gets = text("HTTP/1.1 200 OK\nContent-Length: 2\nX-Request-Id: r\n"
                           "Connection: keep-alive\n\n",
                           "{}")},
      {.name = "Http10GetsChunksUntilClose",
       .sends = text("GET / HTTP/1.0\nHost: h\nConnection: keep-alive\nX-Opaque-Id: o\n"
                     "X-Request-Id: r\n\n"),
       .upstream_gets = kGet,
       .responses =
           text("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", "2\r\n{}\r\n0\r\nT: 1\r\n\r\n"),
       .client_gets = text("HTTP/1.1 200 OK\nX-Request-Id: r\nConnection: close\n\n", "{}"),
       .client = Then::Ends},
      {.name = "Http10IsSpokenTo11Upstream",
       .sends = text("GET / HTTP/1.0\nX-Opaque-Id: o\nX-Request-Id: r\n\n"),
       .upstream_gets = text("GET / HTTP/1.1\nX-Opaque-Id: o\nX-Request-Id: r\nHost: \n\n"),
       .responses = text("HTTP/1.1 103 Early Hints\n\n") + kOk,
       .client_gets = text("HTTP/1.1 200 OK\nContent-Length: 2\nX-Request-Id: r\n"
                           "Connection: close\n\n",
                           "{}"),
       .client = Then::Ends},
      {.name = "TheOpaqueIdThatWasAddedIsTakenOutAgain",
       .sends = text("GET / HTTP/1.1\nHost: h\nX-Request-Id: r\n\n"),
       .upstream_gets = text("GET / HTTP/1.1\nHost: h\nX-Request-Id: r\nX-Opaque-Id: r\n\n"),
       .responses = text("HTTP/1.1 200 OK\nX-Opaque-Id: r\nContent-Length: 2\n\n", "{}"),
       .client_gets = kOkSeen},
  };
}

class ExchangeTable : public ProxyTest, public testing::WithParamInterface<Row> {
 protected:
  void SetUp() override { start(); }

  /// Sends `bytes` at once, or byte by byte.
  static void send(RawConnection& to, std::string_view bytes, bool in_pieces) {
    for (std::size_t i = 0; in_pieces && i + 1 < bytes.size(); ++i) to.send(bytes.substr(i, 1));
    to.send(in_pieces ? bytes.substr(bytes.size() - 1) : bytes);
  }

  void run(bool in_pieces) {
    const Row& row = GetParam();
    RawConnection client = this->client();
    send(client, row.sends, in_pieces);
    RawConnection to_upstream = upstream.accept();
    to_upstream.expect(row.upstream_gets);
    send(to_upstream, row.responses, in_pieces);
    if (row.upstream == Then::Ends) to_upstream.close();
    client.expect(row.client_gets);
    ASSERT_FALSE(HasFailure()) << "what follows would only be confusing";

    if (row.client == Then::Ends) {
      client.expect_end();
    } else {
      if (row.upstream == Then::Ends) {
        client.send(kGet);
        to_upstream = upstream.accept();
        to_upstream.expect(kGet);
        to_upstream.send(kOk);
        client.expect(kOkSeen);
      } else {
        exchange(client, to_upstream);  // over the same connections
      }
    }
    EXPECT_TRUE(upstream.nobody_waits());
  }
};

TEST_P(ExchangeTable, IsPassedOn) { run(false); }

std::string name_of(const testing::TestParamInfo<Row>& row) { return row.param.name; }

INSTANTIATE_TEST_SUITE_P(Requests, ExchangeTable, testing::ValuesIn(request_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Answers, ExchangeTable, testing::ValuesIn(respond_rows()), name_of);
INSTANTIATE_TEST_SUITE_P(Both, ExchangeTable, testing::ValuesIn(other_rows()), name_of);

/// Bytes that come one by one mean the same. Chunks are left out: how payload is cut into them
/// depends on how it arrives, and so does what the client gets.
std::vector<Row> without_chunks(std::vector<Row> rows) {
  std::erase_if(rows, [](const Row& row) {
    return row.upstream_gets.contains("chunked") || row.client_gets.contains("chunked");
  });
  return rows;
}

class ExchangeTableInPieces : public ExchangeTable {};

TEST_P(ExchangeTableInPieces, IsPassedOnTheSame) { run(true); }

INSTANTIATE_TEST_SUITE_P(Requests, ExchangeTableInPieces,
                         testing::ValuesIn(without_chunks(request_rows())), name_of);
INSTANTIATE_TEST_SUITE_P(Answers, ExchangeTableInPieces,
                         testing::ValuesIn(without_chunks(respond_rows())), name_of);
INSTANTIATE_TEST_SUITE_P(Both, ExchangeTableInPieces,
                         testing::ValuesIn(without_chunks(other_rows())), name_of);

}  // namespace
}  // namespace osproxy
