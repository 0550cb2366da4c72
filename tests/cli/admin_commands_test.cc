// The commands through an instance's admin listener: what is asked, and every way a response can be
// wrong.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/visible_text.h"
#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"
#include "tests/support/temp_dir.h"

namespace osproxy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kDocument[] =
    R"({"directives":[{"id":"a","level":"Shape","expires_at":"2030-01-01T00:10:00Z"}]})";

constexpr char kStatus[] =
    R"({"instance":"proxy-1","version":"0.1.0","started":"2029-12-31T23:00:00Z",)"
    R"("uptime_ms":3600000,"store":{"kind":"etcd","state":"synced",)"
    R"("since":"2029-12-31T23:00:01.987654321Z","reason":"","revision":4812,"verified_age_ms":1200,)"
    R"("rejected":null},"directives":[{"id":"a","level":"Shape","active":true,)"
    R"("expires_at":"2030-01-01T00:10:00Z","matched":63,"recorded":12},)"
    R"({"id":"old","level":"Shape","active":false,"expires_at":"2029-12-31T23:30:00Z",)"
    R"("matched":1,"recorded":1}],"records":{}})";

constexpr char kRejecting[] =
    R"({"instance":"proxy-2","version":"0.1.0","started":"x","uptime_ms":1,"store":)"
    R"({"kind":"etcd","state":"synced","since":"s","reason":"","revision":4811,)"
    R"("verified_age_ms":null,"rejected":{"revision":4812,"slug":"zero_ttl",)"
    R"("where":"directives[0].ttl_secs","at":"2030-01-01T00:00:00.5Z"}},"directives":[]})";

constexpr char kStale[] =
    R"({"instance":"proxy-3","version":"0.1.0","uptime_ms":1,"store":{"kind":"etcd",)"
    R"("state":"stale","since":"s","reason":"connection refused","revision":4812,)"
    R"("verified_age_ms":90000,"rejected":null},"directives":[]})";

constexpr char kFleet[] =
    R"({"revision":8,"applied":true,"instances":[{"instance":"proxy-1","applied":true,"why":null,)"
    R"("ack":{"instance":"proxy-1","revision":8,"rejected":null,"state":"synced","verified_age_ms":0,)"
    R"("version":"0.1.0","started":"2030-01-01T00:00:00Z","written":"2030-01-01T00:00:00Z"}}]})";

// An instance that answers everything alike.
FakeAdmin always(FakeResponse response) {
  return FakeAdmin([response = std::move(response)](const FakeRequest&) { return response; });
}

// An instance that holds kDocument at revision 7, and responses a POST with `response`.
FakeAdmin holding(FakeResponse response) {
  return FakeAdmin([response = std::move(response)](const FakeRequest& request) {
    if (request.target == "/admin/fleet") return json_response(200, kFleet);
    return request.method == "GET" ? json_response(200, kDocument, "ETag: \"7\"\r\n") : response;
  });
}

Result run(const FakeAdmin& admin, std::vector<std::string> arguments, std::string in = "") {
  Harness harness;
  harness.in = std::move(in);
  arguments.insert(arguments.end(), {"--admin", admin.url()});
  return harness.run_bare(arguments);
}

TEST(Admin, ReadsTheDocumentAndItsRevision) {
  const auto admin = holding("");
  EXPECT_THAT(run(admin, {"list", "--output", "json"}).out, StartsWith(R"({"revision":7,)"));
  ASSERT_EQ(admin.requests().size(), 2u);
  EXPECT_EQ(admin.requests()[0].target, "/admin/directives");
  EXPECT_EQ(admin.requests()[1].target, "/admin/fleet");
  EXPECT_THAT(admin.requests()[0].authorization, IsEmpty());
}

TEST(Admin, PublishesOnTheConditionOfTheRevisionThatWasRead) {
  const auto admin = holding(json_response(200, R"({"revision":8})"));
  const Result result =
      run(admin, {"on", "--all", "--level", "Shape", "--ttl", "5m", "--id", "mine"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("published mine at revision 8"));
  EXPECT_THAT(result.out, HasSubstr("applied 1/1 in 0 ms"));
  ASSERT_EQ(admin.requests().size(), 4u);
  EXPECT_EQ(admin.requests()[0].target, "/admin/plan");
  EXPECT_EQ(admin.requests()[2].method, "POST");
  EXPECT_EQ(admin.requests()[2].if_match, "\"7\"");
  EXPECT_THAT(admin.requests()[2].body, HasSubstr(R"("id":"mine")"));
}

TEST(Admin, PublishesWithoutAConditionUnlessAsked) {
  const auto admin = holding(json_response(200, R"({"revision":8})"));
  EXPECT_EQ(run(admin, {"publish", "-"}, kDocument).code, 0);
  EXPECT_EQ(run(admin, {"publish", "-", "--if-revision", "7"}, kDocument).code, 0);
  ASSERT_EQ(admin.requests().size(), 4u);  // each with a look at the fleet
  EXPECT_THAT(admin.requests()[0].if_match, IsEmpty());
  EXPECT_EQ(admin.requests()[2].if_match, "\"7\"");
}

TEST(Admin, SendsTheTokenFromTheFileOrTheVariable) {
  const auto admin = holding("");
  const TempDir dir;
  const std::string path = dir.path() / "token";
  std::ofstream(path) << "from-file\n";
  Harness harness;
  harness.variables = {{"OSPROXYCTL_ADMIN", admin.url()}, {"OSPROXYCTL_TOKEN", "from-variable"}};
  EXPECT_EQ(harness.run_bare({"list"}).code, 0);
  EXPECT_EQ(harness.run_bare({"list", "--token-file", path}).code, 0);
  ASSERT_EQ(admin.requests().size(), 4u);  // the document and the fleet, twice
  EXPECT_EQ(admin.requests()[0].authorization, "Bearer from-variable");
  EXPECT_EQ(admin.requests()[2].authorization, "Bearer from-file");
}

TEST(Admin, ReportsARejectionByTheInstance) {
  const auto admin = holding(
      json_response(400, R"({"error":{"type":"ttl_too_long","reason":"r","slug":"ttl_too_long",)"
                         R"("where":"directives[0].expires_at"},"status":400})"));
  const Result result = run(admin, {"publish", "-"}, kDocument);
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("rejected: ttl_too_long at directives[0].expires_at"));
}

TEST(Admin, GivesUpOnAConflictThatDoesNotEnd) {
  const auto admin =
      holding(json_response(412, R"({"error":{"reason":"r"},"status":412})", "ETag: \"9\"\r\n"));
  const Result result = run(admin, {"off", "a"});
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, AllOf(HasSubstr("the published revision is 9, not 7"),
                                HasSubstr("osproxyctl status")));
  EXPECT_EQ(admin.requests().size(), 17u);  // the records were counted first
  const auto named = holding(json_response(
      412, R"({"error":{"reason":"the published revision is 9, not 7; it is by ben"}})",
      "ETag: \"9\"\r\n"));
  EXPECT_THAT(run(named, {"off", "a"}).err, HasSubstr("it is by ben"));
  EXPECT_EQ(run(admin, {"publish", "-", "--if-revision", "3"}, kDocument).code, 4);
}

struct BadResponse {
  const char* name;
  FakeResponse response;
  const char* says;
};

class BadResponses : public ::testing::TestWithParam<BadResponse> {};

TEST_P(BadResponses, AreUnreachableWithWhatToCheck) {
  const auto admin = always(GetParam().response);
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"list"}, {"publish", "-"}}) {
    const Result result = run(admin, arguments, kDocument);
    EXPECT_EQ(result.code, 5);
    EXPECT_THAT(result.err, AllOf(HasSubstr(admin.url()), HasSubstr(GetParam().says)));
    EXPECT_THAT(result.out, IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, BadResponses,
    ::testing::Values(
        BadResponse{"unauthorized", json_response(401, R"({"error":{"reason":"no token"}})"),
                    "responded 401: no token; give the instance's token"},
        BadResponse{"read only", json_response(403, R"({"error":{"reason":"it is a file"}})"),
                    "responded 403: it is a file\n"},
        BadResponse{"unavailable", json_response(503, R"({"error":{"reason":"etcd is down"}})"),
                    "responded 503: etcd is down"},
        BadResponse{"other server", json_response(404, "<html>"),
                    "is this osproxy's admin listener?"},
        BadResponse{"conflict without a revision", json_response(412, "{}"), "responded 412"},
        BadResponse{"no revision", json_response(200, "{}"), "is this osproxy's admin listener?"},
        BadResponse{"control characters",
                    json_response(500, "{\"error\":{\"reason\":\"\\u001b[2J\"}}"),
                    "responded 500: ?[2J"},
        BadResponse{"not HTTP", "SSH-2.0-OpenSSH\r\n", "not HTTP"},
        BadResponse{"nothing", "", "closed before the response was complete"},
        BadResponse{"half a response", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{",
                    "closed before the response was complete"},
        BadResponse{"endless", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{",
                    "larger than any of osproxy's"}),
    [](const auto& tested) {
      std::string name = tested.param.name;
      std::ranges::replace(name, ' ', '_');
      return name;
    });

TEST(Admin, SaysThatTheRevisionOfTheResponseIsMissing) {
  for (const char* etag : {"", "ETag: 7\r\n", "ETag: \"x\"\r\n", "ETag: \"-1\"\r\n",
                           "ETag: \"\"\r\n", "ETag: W/\"7\"\r\n"}) {
    const auto admin = always(json_response(200, kDocument, etag));
    EXPECT_EQ(run(admin, {"list"}).code, 5) << etag;
  }
}

TEST(Admin, SaysThatNothingListens) {
  Harness harness;
  for (const char* command : {"list", "status"}) {
    const Result result = harness.run_bare({command, "--admin", refusing_url()});
    EXPECT_EQ(result.code, 5);
    EXPECT_THAT(result.out + result.err, HasSubstr("connection refused"));
  }
}

TEST(Admin, DoesNotWaitForeverForAResponse) {
  FakeAdmin silent([](const FakeRequest&) { return std::nullopt; });
  const Result result = run(silent, {"list", "--timeout", "20ms"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("no response within 20ms"));
  EXPECT_THAT(run(silent, {"publish", "-", "--timeout", "20ms"}, kDocument).err,
              HasSubstr("the document may have been published"));
}

TEST(Admin, LetsNoCharacterOfAResponseControlTheTerminal) {
  constexpr char kHostile[] =
      "{\"request_id\":\"a\xC2\x9b\u202e\u2028\x7f\",\r\n\"instance\":\"\\u009b\",\"store\":"
      "{\"state\":\"\u2066\"},\"recorded\":true,\"directives\":"
      "[{\"id\":\"\\u009b\",\"recorded\":true,\"reasons\":[]}]}";
  const auto admin = always(json_response(200, kHostile));
  for (const char* command : {"explain", "why", "status"}) {
    for (const char* output : {"text", "json"}) {
      std::vector<std::string> arguments{command, "--output", output};
      if (std::string_view(command) != "status") arguments.emplace_back("a");
      const std::string out = run(admin, arguments).out;
      EXPECT_NE(out, "") << command;
      std::string_view rest = out;
      for (; !rest.empty(); rest.remove_prefix(1)) {
        const auto hidden = hidden_character(rest);
        EXPECT_TRUE(!hidden || hidden->code == '\n') << command << " " << output << ": " << out;
      }
    }
  }
}

TEST(Status, ShowsEachInstance) {
  FakeAdmin admin([](const FakeRequest& request) {
    const bool is_fleet = request.target == "/admin/fleet";
    return json_response(200, is_fleet ? fleet_json({}) : kStatus);
  });
  const Result result = run(admin, {"status"});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_EQ(result.out, "1/1 synced, revision 4812\nFLEET 0/0 synced, revision 0\n\n" +
                            admin.url() +
                            "  proxy-1  osproxy 0.1.0  up 1h\n"
                            "  store     etcd\n"
                            "  state     synced since 2029-12-31T23:00:01Z\n"
                            "  revision  4812, verified 1.2s ago\n"
                            "  active    a Shape in 10m, matched 63, recorded 12\n");
}

TEST(Status, ShowsTheUpstreamNodesBelowEachOther) {
  std::string body(kStatus);
  body.insert(body.find(R"("records")"),
              R"("upstreams":{"nodes":[{"node":"a:1","state":"healthy",)"
              R"("since":"2030-01-01T00:00:00.5Z","reason":"","in_flight":3,"connections":12},)"
              R"({"node":"b:2","state":"unhealthy","since":"2030-01-01T00:00:00Z",)"
              R"("reason":"connect_refused","in_flight":0,"connections":0}]},)");
  const auto admin = always(json_response(200, body));
  const Result result = run(admin, {"status"});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_THAT(result.out,
              testing::EndsWith("  upstreams a:1 healthy since 2030-01-01T00:00:00Z, 3 in flight, "
                                "12 connections\n"
                                "            b:2 unhealthy since 2030-01-01T00:00:00Z: "
                                "connect_refused, 0 in flight, 0 connections\n"));
}

TEST(Status, WarnsOfClientsThatGoPastTheProxy) {
  std::string body(kStatus);
  body.insert(body.find(R"("records")"), R"("clients":{"sniffing_requests":3},)");
  const auto admin = always(json_response(200, body));
  const Result result = run(admin, {"status"});
  EXPECT_EQ(result.code, 0) << result.out;
  EXPECT_THAT(result.out,
              testing::EndsWith("  warning   clients go past osproxy: 3 requests for the nodes' "
                                "addresses (_nodes/http)\n"));
}

TEST(Status, FailsIfAnInstanceHoldsALastGoodDocumentOnly) {
  const auto good = always(json_response(200, kStatus));
  const auto rejecting = always(json_response(200, kRejecting));
  Harness harness;
  const Result result = harness.run_bare({"status", "--admin", good.url() + "," + rejecting.url()});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, AllOf(StartsWith("1/2 synced, revision 4811, 4812\n"),
                                HasSubstr("never verified"), HasSubstr("active    nothing"),
                                HasSubstr("rejected  revision 4812: zero_ttl at "
                                          "directives[0].ttl_secs, seen 2030-01-01T00:00:00Z"),
                                HasSubstr("publish a correct one")));
}

TEST(Status, FailsIfAnInstanceIsNotSynced) {
  const auto stale = always(json_response(200, kStale));
  const Result result = run(stale, {"status"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, AllOf(StartsWith("0/1 synced"),
                                HasSubstr("state     stale since s: connection refused")));
}

TEST(Status, ShowsTheOthersIfOneIsNotReachable) {
  const auto good = always(json_response(200, kStatus));
  Harness harness;
  const std::string refusing = refusing_url();
  const Result result = harness.run_bare({"status", "--admin", refusing + "," + good.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, AllOf(StartsWith("1/2 synced, revision 4812\n"),
                                HasSubstr(refusing + ": connection refused"),
                                HasSubstr("not reachable"), HasSubstr("proxy-1")));
}

TEST(Status, PrintsJson) {
  const auto good = always(json_response(200, kStatus));
  Harness harness;
  const std::string refusing = refusing_url();
  const Result result =
      harness.run_bare({"status", "-o", "json", "--admin", good.url() + "," + refusing});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, AllOf(StartsWith(R"({"synced":false,"instances":[{"admin":")" +
                                           good.url() + R"(","error":null,"status":{"instance")"),
                                HasSubstr(R"({"admin":")" + refusing + R"(","error":")"),
                                HasSubstr(R"("status":null}]})")));
}

TEST(Status, SaysWhyTheFleetCannotBeRead) {
  FakeAdmin admin([](const FakeRequest& request) {
    if (request.target == "/admin/status") return json_response(200, kStatus);
    return json_response(
        503, R"({"error":{"type":"store_unreachable","reason":"no\u0007leader"},"status":503})");
  });
  const Result result = run(admin, {"status"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("\nFLEET cannot be read: " + admin.url()));
  EXPECT_THAT(result.out, HasSubstr("no?leader"));
}

TEST(Status, RefusesAResponseThatIsNoStatus) {
  for (const char* body : {"", "[]", "{}", R"({"store":{}})", R"({"store":1,"instance":"a"})",
                           R"({"instance":"a","store":{"state":5}})"}) {
    const auto admin = always(json_response(200, body));
    const Result result = run(admin, {"status"});
    EXPECT_EQ(result.code, 5) << body;
    EXPECT_THAT(result.out, HasSubstr("is this osproxy's admin listener?"));
  }
}

TEST(Status, AsksMoreInstancesThanItHasThreads) {
  const auto good = always(json_response(200, kStatus));
  std::string urls = good.url();
  for (int i = 1; i < 40; ++i) urls += "," + good.url();
  Harness harness;
  EXPECT_THAT(harness.run_bare({"status", "--admin", urls}).out, StartsWith("40/40 synced"));
}

constexpr char kRecord[] =
    R"({"request_id":"r-1","trace_id":null,"level":"ShapeTiming","directives":["a","b"],)"
    R"("status":200,"tls":false,"error":null,"times":{"first_byte_us":12,"total_us":34}})";

const FakeResponse kNoRecord =
    json_response(404, R"({"error":{"type":"not_found","reason":"no record"},"status":404})");

TEST(Explain, FindsTheInstanceThatHasTheRecord) {
  const auto without = always(kNoRecord);
  const auto with = always(json_response(200, kRecord));
  Harness harness;
  harness.variables["OSPROXYCTL_ADMIN"] = without.url() + "," + with.url();
  const Result result = harness.run_bare({"explain", "r-1"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "instance             " + with.url() +
                            "\n"
                            "request_id           r-1\n"
                            "level                ShapeTiming\n"
                            "directives           a, b\n"
                            "status               200\n"
                            "tls                  false\n"
                            "times.first_byte_us  12\n"
                            "times.total_us       34\n");
  EXPECT_EQ(without.requests()[0].target, "/debug/explain/r-1?recorder=true");
  EXPECT_EQ(harness.run_bare({"explain", "r-1", "--output", "json"}).out,
            std::string(kRecord) + "\n");
}

TEST(Explain, ShowsAllRecordsWithOneIdOfAllInstances) {
  const std::string two =
      R"({"request_id":"r-1","status":200,"others":[{"request_id":"r-1","status":401}]})";
  const auto one = always(json_response(200, two));
  const auto other = always(json_response(200, R"({"request_id":"r-1","status":404})"));
  Harness harness;
  harness.variables["OSPROXYCTL_ADMIN"] = one.url() + "," + other.url();
  const std::string text = harness.run_bare({"explain", "r-1"}).out;
  for (const char* status : {"status      200", "status      401", "status      404"}) {
    EXPECT_THAT(text, HasSubstr(status));
  }
  EXPECT_THAT(text, HasSubstr("another request with this id"));
  EXPECT_EQ(harness.run_bare({"explain", "r-1", "--output", "json"}).out,
            R"({"request_id":"r-1","status":200,"others":[{"request_id":"r-1","status":401},)"
            R"({"request_id":"r-1","status":404}]})"
            "\n");
}

TEST(Explain, SaysThatNoInstanceHasARecord) {
  const auto admin = always(kNoRecord);
  const Result result = run(admin, {"explain", "r-1"});
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.err, AllOf(HasSubstr("no record of r-1 on " + admin.url()),
                                HasSubstr("no directive selected it")));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(Explain, DoesNotSayNotFoundIfSomeInstanceCouldNotBeAsked) {
  const auto without = always(kNoRecord);
  const auto other = always(json_response(404, "<html>"));
  Harness harness;
  for (const std::string& url : {refusing_url(), other.url()}) {
    const Result result = harness.run_bare({"explain", "r", "--admin", without.url() + "," + url});
    EXPECT_EQ(result.code, 5);
    EXPECT_THAT(result.err, AllOf(HasSubstr("not every instance could be asked"), HasSubstr(url)));
  }
}

TEST(Explain, SaysThatTheInstanceKeepsNoRecords) {
  const auto admin = always(
      json_response(404, R"({"error":{"type":"output_off","reason":"it is off"},"status":404})"));
  const Result result = run(admin, {"explain", "r-1"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("responded 404: it is off"));
}

TEST(Explain, SurvivesAResponseThatIsNestedTooDeeply) {
  const auto admin = always(json_response(200, std::string(100, '[') + std::string(100, ']')));
  EXPECT_EQ(run(admin, {"explain", "r"}).code, 5);
}

}  // namespace
}  // namespace osproxy::cli
