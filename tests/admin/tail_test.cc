#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/admin/event_source.h"
#include "tests/admin/client.h"
#include "tests/admin/fixture.h"
#include "tests/observe/records.h"
#include "tests/support/await.h"

namespace osproxy::admin {
namespace {

using osproxy::test::make_record;
using test::Client;
using test::get;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr char kGreeting[] = "event: instance\ndata: {\"instance\":\"proxy-1\"}\n\n";

class TailTest : public testing::Test {
 protected:
  Response ask(std::string_view target) {
    return test::call(dependencies_.options, view(), get(target));
  }

  AdminDependencies view() {
    AdminDependencies view = dependencies_.view();
    view.tail = &tail_;
    return view;
  }

  void record(const Record& record) { tail_.take(std::make_shared<const Record>(record)); }

  std::unique_ptr<AdminServer> start() {
    auto server = AdminServer::start(dependencies_.options, view());
    EXPECT_TRUE(server.has_value()) << server.error();
    return server ? *std::move(server) : nullptr;
  }

  test::Parts dependencies_;
  RecordTail tail_;
};

std::string event_of(const Record& record) {
  return "event: record\ndata: " + to_json(record) + "\n\n";
}

TEST_F(TailTest, ShowsEachRecordAsAnEvent) {
  const Response response = ask("/admin/tail");
  ASSERT_EQ(response.status, 200);
  ASSERT_TRUE(response.events);
  EXPECT_EQ(response.events->next(), kGreeting);
  EXPECT_EQ(response.events->next(), "");
  const Record first = make_record("a");
  const Record second = make_record("b");
  record(first);
  record(second);
  EXPECT_EQ(response.events->next(), event_of(first) + event_of(second));
}

TEST_F(TailTest, TellsHowManyWereDropped) {
  const Response response = ask("/admin/tail");
  for (std::size_t i = 0; i < RecordTail::kQueue.records + 7; ++i) record(make_record("a"));
  EXPECT_THAT(response.events->next().value_or(""),
              StartsWith(std::string(kGreeting) + "event: dropped\ndata: {\"count\":7}\n\n"
                                                  "event: record\n"));
}

TEST_F(TailTest, TellsHowManyWereHeldBackByHowTheyEnded) {
  const Response response = ask("/admin/tail?status=5xx");
  record(make_record("a"));
  record(make_record("b"));
  EXPECT_EQ(response.events->next(),
            std::string(kGreeting) + "event: held_back\ndata: {\"count\":2}\n\n");
}

TEST_F(TailTest, TellsWhenTheDirectiveEndsAndWheneverThatChanges) {
  const auto publish = [this](std::string_view directives) {
    ASSERT_TRUE(dependencies_.store.publish(directives, std::nullopt));
  };
  publish(R"({"directives":[{"id":"a","level":"Shape","expires_at":"2030-01-01T00:10:00Z"}]})");
  const Response response = ask("/admin/tail?directive=a");
  EXPECT_EQ(response.events->next(),
            std::string(kGreeting) +
                "event: directive\ndata: {\"expires_at\":\"2030-01-01T00:10:00Z\"}\n\n");
  publish(R"({"directives":[{"id":"a","level":"Shape","expires_at":"2030-01-01T00:10:00Z"},)"
          R"({"id":"b","level":"Shape","expires_at":"2030-01-01T00:20:00Z"}]})");
  EXPECT_EQ(response.events->next(), "");
  publish(R"({"directives":[]})");
  EXPECT_EQ(response.events->next(), "event: directive\ndata: {\"expires_at\":null}\n\n");
}

TEST_F(TailTest, MakesABoundedPieceOfTextAtATime) {
  const Response response = ask("/admin/tail");
  for (int i = 0; i < 1'000; ++i) record(make_record("a"));
  std::size_t size = 0;
  int pieces = 0;
  for (auto text = response.events->next(); !text->empty(); text = response.events->next()) {
    EXPECT_LE(text->size(), 70'000U);
    size += text->size();
    ++pieces;
  }
  EXPECT_EQ(size, sizeof kGreeting - 1 + 1'000 * event_of(make_record("a")).size());
  EXPECT_GT(pieces, 5);
}

TEST_F(TailTest, EndsWithItsLimit) {
  const Response response = ask("/admin/tail?limit=2");
  for (const char* id : {"a", "b", "c"}) record(make_record(id));
  EXPECT_EQ(response.events->next(),
            kGreeting + event_of(make_record("a")) + event_of(make_record("b")));
  EXPECT_EQ(response.events->next(), std::nullopt);
}

TEST_F(TailTest, FiltersByTheQuery) {
  Record wanted = make_record("wanted");
  wanted.directives = {"d 1"};
  wanted.tenant = "acme";
  wanted.index = "orders";
  wanted.principal = "ana";
  wanted.client = "10.1.2.3";
  wanted.agent = "curl/8.0";
  wanted.opaque_id = "job 7";
  wanted.status = 502;
  wanted.latency = 2s;
  const std::string held_back = "event: held_back\ndata: {\"count\":1}\n\n";
  for (const auto& [query, before] :
       {std::pair("directive=d%201", std::string()), std::pair("tenant=acme", std::string()),
        std::pair("index=orders", std::string()), std::pair("principal=ana", std::string()),
        std::pair("client=10.0.0.0/8", std::string()), std::pair("agent=curl", std::string()),
        std::pair("opaque_id=job%207", std::string()),
        std::pair("endpoint=Search&status=5xx", std::string()), std::pair("status=502", held_back),
        std::pair("slower=1s500ms", held_back)}) {
    const Response response = ask(std::string("/admin/tail?") + query);
    ASSERT_EQ(response.status, 200) << query;
    Record other = make_record("other");
    other.endpoint = Endpoint::Count;
    record(other);
    record(wanted);
    EXPECT_EQ(response.events->next(), kGreeting + before + event_of(wanted)) << query;
  }
}

TEST_F(TailTest, NamesAFilterThatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"tenant=", "tenant must be the name of a tenant"},
      {"tenant=%zz", "tenant must be"},
      {"client=10.0.0.1/8", "client must be an IP address or a block"},
      {"agent=curl%208", "agent must be a product"},
      {"opaque_id=", "opaque_id must be an X-Opaque-Id"},
      {"endpoint=search", "endpoint must be one of the twelve endpoints"},
      {"status=9xx", "status must be a class or a code"},
      {"slower=1", "slower must be a duration"},
      {"limit=0", "limit must be a whole number greater than zero"},
      {"limit=-1", "limit must be"},
      {"limit=99999999999999999999", "limit must be"},
      {"tenant=a&tenant=b", "tenant is given twice"},
      {"tenant=a&colour=red",
       "filter 2 of the query is unknown or malformed; there are directive="},
      {"tenant", "filter 1 of the query"},
      {"&", "filter 1 of the query"},
  };
  for (const auto& [query, reason] : cases) {
    const Response response = ask(std::string("/admin/tail?") + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_FALSE(response.events) << query;
    EXPECT_THAT(response.body, HasSubstr(R"("type":"bad_filter")"));
    EXPECT_THAT(response.body, HasSubstr(reason));
  }
  EXPECT_EQ(tail_.readers(), 0U);
}

TEST_F(TailTest, RefusesMoreReadersThanItMayHave) {
  std::vector<Response> readers;
  for (std::size_t i = 0; i < RecordTail::kMaxReaders; ++i) readers.push_back(ask("/admin/tail"));
  EXPECT_EQ(ask("/admin/tail").status, 503);
  EXPECT_THAT(ask("/admin/tail").body, HasSubstr("too_many_readers"));
  readers.pop_back();
  EXPECT_EQ(ask("/admin/tail").status, 200);
}

TEST_F(TailTest, NeedsTheToken) {
  dependencies_.options.roles = AdminRoles::of_token("0123456789abcdef");
  EXPECT_EQ(ask("/admin/tail").status, 401);
  EXPECT_EQ(tail_.readers(), 0U);
}

TEST_F(TailTest, StreamsToAClientUntilThatHasGone) {
  const auto server = start();
  ASSERT_TRUE(server);
  {
    Client client(server->address());
    client.send("GET /admin/tail HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    const std::string head = client.read_until("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("Content-Type: text/event-stream\r\n"));
    EXPECT_EQ(client.read_until("\n\n"), kGreeting);
    record(make_record("a"));
    EXPECT_EQ(client.read_until("\n\n"), event_of(make_record("a")));
    EXPECT_EQ(tail_.readers(), 1U);
  }
  EXPECT_TRUE(await([&] {
    record(make_record("b"));
    return tail_.readers() == 0;
  }));
}

TEST_F(TailTest, ClosesTheConnectionBehindTheLimit) {
  const auto server = start();
  ASSERT_TRUE(server);
  Client client(server->address());
  client.send("GET /admin/tail?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  client.read_until(kGreeting);
  record(make_record("a"));
  EXPECT_EQ(client.read_all(), event_of(make_record("a")));
}

TEST_F(TailTest, ClosesAReaderThatDoesNotRead) {
  dependencies_.options.io_timeout = 100ms;
  const auto server = start();
  ASSERT_TRUE(server);
  Client client(server->address());
  client.send("GET /admin/tail HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  client.read_until(kGreeting);
  EXPECT_TRUE(await([&] {
    for (int i = 0; i < 100; ++i) record(make_record(std::string(10'000, 'a')));
    return tail_.readers() == 0;
  }));
}

TEST_F(TailTest, AnswersHeadWithoutReadingAlong) {
  const auto server = start();
  ASSERT_TRUE(server);
  const std::string response = test::ask(server->address(), "HEAD /admin/tail HTTP/1.1\r\n");
  EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(response, testing::EndsWith("\r\n\r\n"));
  EXPECT_TRUE(await([&] { return tail_.readers() == 0; }));
}

class TailAccessTest : public TailTest {
 protected:
  static AdminRoles roles(std::string_view lines) { return AdminRoles::parse(lines).value(); }

  static std::string line(Role role, std::vector<std::string> tenants) {
    return format_role_line({.name = "ana", .role = role, .tenants = std::move(tenants)},
                            "token-of-ana") +
           "\n";
  }

  /// Opens a tail, replaces the lines, and makes a record. Returns the events.
  std::string events_after(std::string_view lines) {
    dependencies_.options.roles = roles(line(Role::Operator, {"acme"}));
    const auto server = start();
    Client client(server->address());
    client.send(
        "GET /admin/tail?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Authorization: Bearer token-of-ana\r\n\r\n");
    client.read_until(kGreeting);
    EXPECT_TRUE(server->replace_roles(lines.empty() ? AdminRoles() : roles(lines)));
    Record record = make_record("a");
    record.tenant = "acme";
    this->record(record);
    return client.read_all();
  }
};

TEST_F(TailAccessTest, EndsWhenTheTokenIsNoLongerKnown) {
  EXPECT_EQ(events_after("bob admin cn=bob\n"),
            "event: ended\ndata: {\"reason\":\"the token of this request is not known any more\"}"
            "\n\n");
  EXPECT_TRUE(await([&] { return tail_.readers() == 0; }));
}

TEST_F(TailAccessTest, EndsWhenTheCallerHasFewerRights) {
  const std::string ended =
      "event: ended\ndata: {\"reason\":\"the rights of ana have changed: connect again\"}\n\n";
  EXPECT_EQ(events_after(line(Role::Viewer, {"acme"})), ended);
  EXPECT_EQ(events_after(line(Role::Operator, {"acme-eu"})), ended);
}

TEST_F(TailAccessTest, GoesOnWhenAnotherLineHasChanged) {
  for (const Role role : {Role::Operator, Role::Admin}) {
    EXPECT_THAT(events_after(line(role, {"acme"}) + "bob admin cn=bob\n"),
                StartsWith("event: record\n"));
  }
}

TEST_F(TailAccessTest, EndsWhenATokenIsNeededFromNowOn) {
  const auto server = start();
  Client client(server->address());
  client.send("GET /admin/tail HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  client.read_until(kGreeting);
  EXPECT_TRUE(server->replace_roles(roles("bob admin cn=bob\n")));
  EXPECT_EQ(client.read_all(), "event: ended\ndata: {\"reason\":\"a token is needed now\"}\n\n");
}

TEST_F(TailTest, EndsWithTheServer) {
  auto server = start();
  ASSERT_TRUE(server);
  Client client(server->address());
  client.send("GET /admin/tail HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  client.read_until(kGreeting);
  server.reset();
  EXPECT_EQ(tail_.readers(), 0U);
  EXPECT_EQ(client.read_all(), "");
}

}  // namespace
}  // namespace osproxy::admin
