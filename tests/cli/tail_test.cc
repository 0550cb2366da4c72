#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/cli/admin/event_parser.h"
#include "osproxy/cli/print/tail_line.h"
#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr char kRecord[] =
    R"({"request_id":"4bf92f35","started":"2026-11-24T14:22:31.104Z","endpoint":"Search",)"
    R"("index":"orders","status":200,"upstream":"10.0.0.7:9200","connection_reused":false,)"
    R"("retries":0,"error":null,"times":{"first_byte_us":1880000,"total_us":1910000}})";
constexpr char kLine[] =
    "14:22:31 proxy-04 4bf92f35 Search orders 200 1.91s upstream=1.88s pool=miss";

std::string event(const std::string& type, const std::string& data) {
  return "event: " + type + "\ndata: " + data + "\n\n";
}

FakeResponse stream_of(const std::string& events) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + events;
}

std::string greeting() { return event("instance", R"({"instance":"proxy-04"})"); }

TEST(EventParser, TakesEventsInPiecesAndSkipsComments) {
  const std::string text = ":\n\n" + event("record", "{}") + ":\n\n" + event("dropped", "{1}");
  for (std::size_t size = 1; size <= text.size(); ++size) {
    EventParser parser;
    std::vector<Event> events;
    for (std::size_t at = 0; at < text.size(); at += size) {
      ASSERT_TRUE(parser.feed(std::string_view(text).substr(at, size)));
      while (auto next = parser.next()) events.push_back(*std::move(next));
    }
    EXPECT_THAT(events, testing::ElementsAre(Event{.type = "record", .data = "{}"},
                                             Event{.type = "dropped", .data = "{1}"}));
  }
}

TEST(EventParser, RefusesAnEventWithoutAnEnd) {
  EventParser parser;
  const std::string piece(EventParser::kMaxBytes, 'a');
  ASSERT_TRUE(parser.feed(piece));
  EXPECT_EQ(parser.next(), std::nullopt);
  EXPECT_FALSE(parser.feed("a"));
}

TEST(TailLine, SaysWhatTheRecordSays) {
  EXPECT_EQ(tail_line("proxy-04", kRecord), kLine);
  EXPECT_EQ(tail_line("p", R"({"request_id":"a","started":"2026-11-24T14:22:31Z","endpoint":)"
                           R"("Count","index":null,"status":null,"upstream":null,"retries":2,)"
                           R"("error":"upstream_unreachable","times":{"total_us":1500}})"),
            "14:22:31 p a Count - - 2ms retries=2 error=upstream_unreachable");
  EXPECT_EQ(tail_line("p", R"({"request_id":"a","started":"x","response":{"failed_items":3}})"),
            "- p a - - - - failed_items=3");
  EXPECT_EQ(tail_line("p", R"({"request_id":"a","started":"x","upstream":"n","status":200,)"
                           R"("connection_reused":true,"index":"a\u001b[2J"})"),
            "- p a - a?[2J 200 - pool=hit");
}

TEST(TailLine, IsNotMadeOfWhatIsNoRecord) {
  for (const char* text : {"", "{}", "[]", "{", R"({"request_id":1})"}) {
    EXPECT_EQ(tail_line("p", text), std::nullopt) << text;
  }
}

TEST(Tail, SaysWhyTheInstanceHasEndedIt) {
  int asked = 0;
  FakeAdmin admin([&](const FakeRequest&) -> FakeResponse {
    if (++asked > 1) return json_response(401, R"({"error":{"reason":"no"}})");
    return stream_of(greeting() +
                     event("ended", R"({"reason":"the token is not known any more"})"));
  });
  Harness harness;
  const Result result = harness.run_bare({"tail", "--admin", admin.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("the token is not known any more\n"));
}

TEST(Tail, PrintsALineForEachRecordAndASummary) {
  FakeAdmin admin([](const FakeRequest&) {
    return stream_of(greeting() + event("record", kRecord) + event("dropped", R"({"count":3})") +
                     ":\n\n" + event("record", kRecord));
  });
  Harness harness;
  const Result result = harness.run_bare({"tail", "-n", "2", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out,
            std::string(kLine) + "\n" + kLine + "\n-- 2 shown, 5 matched, 3 dropped --\n");
  EXPECT_EQ(result.err, "");
}

TEST(Tail, SumsUpWhatADirectiveMatchedAndWhenItEnds) {
  const std::string before =
      greeting() + event("directive", R"({"expires_at":"2029-12-31T00:00:00Z"})") +
      event("held_back", R"({"count":400})") + event("held_back", R"({"count":17})");
  for (const auto& [news, left] :
       {std::pair("\"2030-01-01T00:08:47.5Z\"", "8m47s"),
        std::pair("\"2029-12-31T23:59:59Z\"", "0s"), std::pair("null", "0s")}) {
    const std::string end = std::string(R"({"expires_at":)") + news + "}";
    FakeAdmin admin([&](const FakeRequest&) {
      return stream_of(before + event("directive", end) + event("record", kRecord));
    });
    Harness harness;
    const Result result =
        harness.run_bare({"tail", "acme-search-7f3", "-n", "1", "--admin", admin.url()});
    EXPECT_EQ(result.out,
              std::string(kLine) + "\n-- 1 shown, 418 matched, 0 dropped, " + left + " left --\n");
  }
}

TEST(Tail, PrintsTheDocumentsAsTheyAreWhenAskedForJson) {
  FakeAdmin admin(
      [](const FakeRequest&) { return stream_of(greeting() + event("record", kRecord)); });
  Harness harness;
  const Result result =
      harness.run_bare({"tail", "--output=json", "-n", "1", "--admin", admin.url()});
  EXPECT_EQ(result.out, std::string(kRecord) + "\n");
  EXPECT_EQ(result.err, "-- 1 shown, 1 matched, 0 dropped --\n");
}

TEST(Tail, AsksForWhatTheFlagsSay) {
  FakeAdmin admin([](const FakeRequest&) { return stream_of(event("record", kRecord)); });
  Harness harness;
  harness.variables["OSPROXYCTL_TOKEN"] = "0123456789abcdef";
  const Result result = harness.run_bare(
      {"tail", "a b&c", "--tenant=acme", "--index=orders", "--principal=ana", "--endpoint=Search",
       "--status=5xx", "--slower=1500ms", "--client=10.0.0.0/8", "--agent=curl/8.0",
       "--opaque-id=job 7", "-n", "1", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0);
  ASSERT_EQ(admin.requests().size(), 1U);
  EXPECT_EQ(admin.requests()[0].target,
            "/admin/"
            "tail?directive=a%20b%26c&tenant=acme&index=orders&principal=ana&client=10.0.0.0%2F8&"
            "agent=curl%2F8.0&opaque_id=job%207&"
            "endpoint=Search&status=5xx&"
            "slower=1s500ms");
  EXPECT_EQ(admin.requests()[0].authorization, "Bearer 0123456789abcdef");
}

TEST(Tail, ReadsOnWhenAnInstanceGoesAwayAndSaysSo) {
  FakeAdmin admin([](const FakeRequest&) { return stream_of(event("record", kRecord)); });
  Harness harness;
  const Result result = harness.run_bare({"tail", "-n", "2", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.err, admin.url() +
                            ": the connection was closed before the response was complete; trying "
                            "again\n" +
                            admin.url() + ": connected again\n");
}

TEST(Tail, GoesOnWithTheInstancesThatAreReachable) {
  FakeAdmin admin([](const FakeRequest&) { return stream_of(event("record", kRecord)); });
  Harness harness;
  const std::string dead = refusing_url();
  const Result result = harness.run_bare({"tail", "-n", "2", "--admin", dead + "," + admin.url()});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr(dead + ": connection refused"));
}

TEST(Tail, FailsWhenNoInstanceIsReachable) {
  Harness harness;
  const std::string first = refusing_url();
  const std::string second = refusing_url();
  const Result result = harness.run_bare({"tail", "--admin", first + "," + second});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, AllOf(HasSubstr(first), HasSubstr(second), HasSubstr("refused")));
}

TEST(Tail, FailsWhenAnInstanceRefuses) {
  FakeAdmin admin([](const FakeRequest&) {
    return json_response(401, R"({"error":{"type":"unauthorized","reason":"no token"}})");
  });
  Harness harness;
  const Result result = harness.run_bare({"tail", "--admin", admin.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("responded 401: no token; give the instance's token"));
}

TEST(Tail, FailsWhenTheResponseIsNoStreamOfEventsOrARecordIsMalformed) {
  for (const FakeResponse& response :
       {json_response(200, "{}"), stream_of(event("record", "{}")), FakeResponse("SSH-2.0\r\n")}) {
    FakeAdmin admin([response](const FakeRequest&) { return response; });
    Harness harness;
    EXPECT_EQ(harness.run_bare({"tail", "--admin", admin.url()}).code, 5) << response;
  }
}

TEST(Tail, EndsWithASignalAndTheSummary) {
  FakeAdmin admin([](const FakeRequest&) { return std::nullopt; });
  Harness harness;
  harness.stop.request_stop();
  const Result result = harness.run_bare({"tail", "--admin", admin.url()});
  EXPECT_EQ(result.code, 0);
  EXPECT_EQ(result.out, "-- 0 shown, 0 matched, 0 dropped --\n");
}

TEST(Tail, RefusesAWrongFlagBeforeAnythingIsSent) {
  for (const char* flag : {"--endpoint=search", "--status=x", "--slower=1", "-n0", "--tenant="}) {
    Harness harness;
    EXPECT_EQ(harness.run_bare({"tail", flag}).code, 2) << flag;
  }
}

}  // namespace
}  // namespace osproxy::cli
