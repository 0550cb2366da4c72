#include "osproxy/proxy/cursor_watch.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class CursorWatchTest : public testing::Test {
 protected:
  struct Exchange {
    std::string method;
    std::string target;
    Endpoint endpoint;
    std::string index{};
    std::string request{};
    int status = 200;
    std::string response{};
  };

  /// False: nobody watches it.
  bool exchange(const Exchange& exchange, const char* tenant = "acme") {
    http::RequestHead head;
    head.method = exchange.method;
    head.target = exchange.target;
    const auto watch = CursorWatch::begin(
        {.head = head, .endpoint = exchange.endpoint, .has_index = !exchange.index.empty()},
        table_);
    if (watch == nullptr) return false;
    watch->request_body(exchange.request);
    watch->response_head({});
    watch->response_body(exchange.response);
    watch->finish(exchange.status, clock_.now(),
                  [&] { return OpenCursor{.index = exchange.index, .tenant = tenant}; });
    return true;
  }
  std::vector<OpenCursor> open() { return table_.list({}, clock_.now()).cursors; }
  void open_scroll(const std::string& id) {
    ASSERT_TRUE(exchange({.method = "POST",
                          .target = "/orders/_search?size=1&scroll=5m",
                          .endpoint = Endpoint::Search,
                          .index = "orders",
                          .response = R"({"_scroll_id":")" + id + R"(","took":1})"}));
  }

  ManualClock clock_;
  CursorTable table_{SipKey{}};
};

TEST_F(CursorWatchTest, FollowsAScrollFromItsOpeningToItsEnd) {
  open_scroll("abc=");
  ASSERT_EQ(open().size(), 1U);
  EXPECT_EQ(open()[0].index, "orders");
  EXPECT_EQ(open()[0].keep_alive, 5min);
  EXPECT_TRUE(exchange({.method = "POST",
                        .target = "/_search/scroll",
                        .endpoint = Endpoint::Cursor,
                        .request = R"({"scroll":"1m","scroll_id":"abc="})",
                        .response = R"({"_scroll_id":"next","took":1})"},
                       "another"));
  ASSERT_EQ(open().size(), 1U);
  EXPECT_EQ(open()[0].tenant, "acme");
  EXPECT_EQ(open()[0].continued, 1U);
  EXPECT_EQ(open()[0].keep_alive, 1min);
  EXPECT_TRUE(exchange({.method = "DELETE",
                        .target = "/_search/scroll",
                        .endpoint = Endpoint::Cursor,
                        .request = R"({"scroll_id":["next"]})",
                        .response = R"({"succeeded":true,"num_freed":1})"}));
  EXPECT_TRUE(open().empty());
}

TEST_F(CursorWatchTest, ReadsIdsInPathsAndQueries) {
  open_scroll("abc=");
  exchange({.method = "GET",
            .target = "/_search/scroll?scroll=2m&scroll_id=abc%3D",
            .endpoint = Endpoint::Cursor,
            .response = R"({"_scroll_id":"abc="})"});
  exchange({.method = "GET",
            .target = "/_search/scroll/abc=?scroll=3m",
            .endpoint = Endpoint::Cursor,
            .response = R"({"_scroll_id":"abc="})"});
  ASSERT_EQ(open().size(), 1U);
  EXPECT_EQ(open()[0].continued, 2U);
  EXPECT_EQ(open()[0].keep_alive, 3min);
  exchange({.method = "DELETE", .target = "/_search/scroll/abc%3D", .endpoint = Endpoint::Cursor});
  EXPECT_TRUE(open().empty());
}

TEST_F(CursorWatchTest, FollowsAPointInTime) {
  EXPECT_TRUE(exchange({.method = "POST",
                        .target = "/orders/_search/point_in_time?keep_alive=1h",
                        .endpoint = Endpoint::Cursor,
                        .index = "orders",
                        .response = R"({"pit_id":"p","_shards":{}})"}));
  EXPECT_TRUE(exchange({.method = "POST",
                        .target = "/_search",
                        .endpoint = Endpoint::Search,
                        .request = R"({"pit":{"id":"p"}})",
                        .response = R"({"pit_id":"p","took":1})"}));
  ASSERT_EQ(open().size(), 1U);
  EXPECT_EQ(open()[0].kind, CursorKind::PointInTime);
  EXPECT_EQ(open()[0].keep_alive, 1h);
  EXPECT_EQ(open()[0].continued, 1U);
  exchange({.method = "DELETE",
            .target = "/_search/point_in_time",
            .endpoint = Endpoint::Cursor,
            .request = R"({"pit_id":["p"]})"});
  EXPECT_TRUE(open().empty());
}

/// A usual search without an index in its path once took 2 KiB for nothing.
TEST(CursorWatch, KnowsAPointInTimeByTheStartOfTheResponse) {
  http::RequestHead head;
  head.method = "POST";
  head.target = "/_search";
  EXPECT_TRUE(CursorWatch::may_have_point({.head = head, .endpoint = Endpoint::Search}));
  EXPECT_FALSE(
      CursorWatch::may_have_point({.head = head, .endpoint = Endpoint::Search, .has_index = true}));
  EXPECT_FALSE(CursorWatch::may_have_point({.head = head, .endpoint = Endpoint::Cursor}));
  for (const char* start :
       {R"({"pit_id":"x","took":1})", "{\n  \"pit_id\" : \"x\"", R"({"pi)", "{", ""}) {
    EXPECT_TRUE(CursorWatch::names_point(start)) << start;
  }
  for (const char* start :
       {R"({"took":1,"pit_id":"x"})", R"({"pit":1})", R"({"pit_i":"x"})", "[", "x"}) {
    EXPECT_FALSE(CursorWatch::names_point(start)) << start;
  }
}

TEST_F(CursorWatchTest, ClosesAllAtOnce) {
  open_scroll("a");
  open_scroll("b");
  exchange({.method = "DELETE", .target = "/_search/scroll/_all", .endpoint = Endpoint::Cursor});
  EXPECT_TRUE(open().empty());
}

TEST_F(CursorWatchTest, BelievesNoFailedCall) {
  exchange({.method = "POST",
            .target = "/orders/_search?scroll=1m",
            .endpoint = Endpoint::Search,
            .status = 400,
            .response = R"({"_scroll_id":"a"})"});
  EXPECT_TRUE(open().empty());
  open_scroll("a");
  const Exchange close{.method = "DELETE",
                       .target = "/_search/scroll",
                       .endpoint = Endpoint::Cursor,
                       .request = R"({"scroll_id":"a"})",
                       .status = 503};
  exchange(close);
  EXPECT_EQ(open().size(), 1U);
  Exchange gone = close;
  gone.status = 404;  // OpenSearch does not know it
  exchange(gone);
  EXPECT_TRUE(open().empty());
}

TEST_F(CursorWatchTest, LeavesAllOtherRequestsAlone) {
  EXPECT_FALSE(exchange({"POST", "/orders/_search", Endpoint::Search, "orders"}));
  EXPECT_FALSE(exchange({"POST", "/orders/_search?scrolls=1m", Endpoint::Search, "orders"}));
  EXPECT_FALSE(exchange({"POST", "/orders/_search?x=scroll=1m", Endpoint::Search, "orders"}));
  EXPECT_FALSE(exchange({"POST", "/_bulk", Endpoint::IngestBulk}));
  EXPECT_FALSE(exchange({"GET", "/_search/point_in_time/_all", Endpoint::Cursor}));
  EXPECT_FALSE(exchange({"GET", "/_plugins/_asynchronous_search/x", Endpoint::Cursor}));
  EXPECT_TRUE(exchange({"POST", "/_search", Endpoint::Search, "", "", 200, R"({"took":1})"}));
  EXPECT_TRUE(open().empty());
}

}  // namespace
}  // namespace osproxy
