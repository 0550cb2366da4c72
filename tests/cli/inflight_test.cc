// `osproxyctl inflight`, and the lines that cancel a request.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/cli/print/cancel_line.h"
#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

FakeAdmin instance(std::string body) {
  return FakeAdmin(
      [body = std::move(body)](const FakeRequest&) { return json_response(200, body); });
}

constexpr char kOne[] =
    R"({"instance":"proxy-1","running":7,"matched":1,"silent_workers":[],"requests":[)"
    R"({"request_id":"r-1","age_us":12345678,"stage":"first_byte","endpoint":"Search",)"
    R"("index":"orders","tenant":"ac\u0007me","principal":null,"node":"os-1:9200",)"
    R"("node_tls":false,"adds_opaque_id":true,"request_bytes":3,"response_bytes":0}]})";

constexpr char kOther[] =
    R"({"instance":"proxy-2","running":2,"matched":1,"silent_workers":[1],"requests":[)"
    R"({"request_id":"r-2","age_us":20000000,"stage":"queue","endpoint":"IngestBulk",)"
    R"("node":null,"request_bytes":9,"response_bytes":0}]})";

constexpr char kScrolls[] =
    R"({"instance":"proxy-1","open":3,"matched":2,"dropped":5,"scrolls":[)"
    R"({"kind":"scroll","opened":"2030-01-01T00:00:00Z","age_us":90000000,"unused_us":1500000,)"
    R"("keep_alive_ms":60000,"left_ms":58500,"continued":4,"index":"orders","tenant":"ac\u001bme",)"
    R"("principal":null,"principal_verified":false,"client":"10.1.2.3","agent":null,)"
    R"("opaque_id":null},{"kind":"point_in_time","opened":null,"age_us":95000000,)"
    R"("unused_us":0,"keep_alive_ms":60000,"left_ms":60000,"continued":1}]})";

TEST(InflightScrolls, ShowsTheOldestOfAllInstancesFirst) {
  const FakeAdmin one = instance(kScrolls);
  const FakeAdmin off([](const FakeRequest&) {
    return json_response(400, R"({"error":{"type":"bad_filter","reason":"scrolls"}})");
  });
  Harness harness;
  const Result result =
      harness.run_bare({"inflight", "--scrolls", "--admin", one.url() + "," + off.url()});
  EXPECT_EQ(result.out,
            "3 open, 2 matched, 2 shown\n"
            "5 more were opened and are not known: too many\n"
            "AGE     KIND           UNUSED  LEFT   CONTINUED  INDEX   TENANT  PRINCIPAL  CLIENT    "
            "AGENT  "
            "OPAQUE_ID  INSTANCE\n"
            ">95.0s  point_in_time  0ms     60.0s  1          -       -       -          -         "
            "-      "
            "-          proxy-1\n"
            "90.0s   scroll         1.5s    58.5s  4          orders  ac?me   -          10.1.2.3  "
            "-      "
            "-          proxy-1\n");
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("too old: it does not list open scrolls"));
  EXPECT_EQ(one.requests()[0].target, "/admin/inflight?limit=20&scrolls=true");
}

TEST(InflightScrolls, PrintsTheJsonOfEachInstance) {
  const FakeAdmin one = instance(kScrolls);
  Harness harness;
  const Result result =
      harness.run_bare({"inflight", "--scrolls", "-o", "json", "--admin", one.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"scrolls\":{\"instance\":\"proxy-1\",\"open\":3"));
  EXPECT_THAT(result.out, Not(HasSubstr("\x1b")));
}

TEST(Inflight, ShowsTheOldestOfAllInstancesFirst) {
  const FakeAdmin one = instance(kOne);
  const FakeAdmin other = instance(kOther);
  Harness harness;
  const Result result = harness.run_bare({"inflight", "--admin", one.url() + "," + other.url()});
  EXPECT_EQ(
      result.out,
      "9 running, 2 matched, 2 shown\n"
      "AGE    STAGE       ENDPOINT    INDEX   TENANT  PRINCIPAL  CLIENT  AGENT  OPAQUE_ID  NODE"
      "       IN  OUT  INSTANCE  REQUEST_ID\n"
      "20.0s  queue       IngestBulk  -       -       -          -       -      -          -   "
      "       9   0    proxy-2   r-2\n"
      "12.3s  first_byte  Search      orders  ac?me   -          -       -      -          "
      "os-1:9200  3   0    proxy-1   r-1\n"
      "    curl -s 'http://os-1:9200/_cat/tasks?actions=indices:data/read/search&"
      "h=x_opaque_id,task_id' | awk '$1 == \"r-1\" {print $2}' | xargs -rI{} curl -s -XPOST "
      "'http://os-1:9200/_tasks/{}/_cancel'\n");
  EXPECT_EQ(result.err, other.url() + ": worker 1 does not respond: its requests are missing\n");
  EXPECT_EQ(result.code, 1);
}

TEST(Inflight, PassesItsFiltersOn) {
  const FakeAdmin admin = instance(kOne);
  Harness harness;
  const Result result = harness.run_bare(
      {"inflight",    "--tenant", "a b",      "--index",    "orders",  "--endpoint", "Search",
       "--principal", "ana",      "--client", "10.0.0.0/8", "--agent", "curl",       "--opaque-id",
       "o",           "--slower", "90s",      "-n",         "3",       "--admin",    admin.url()});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(admin.requests()[0].target,
            "/admin/inflight?limit=3&tenant=a%20b&index=orders&principal=ana"
            "&client=10.0.0.0%2F8&agent=curl&opaque_id=o&endpoint=Search"
            "&slower=1m30s");
}

TEST(Inflight, ShowsTheOthersIfOneIsDownOrTooOld) {
  const FakeAdmin admin = instance(kOne);
  FakeAdmin old([](const FakeRequest&) {
    return json_response(404, R"({"error":{"type":"not_found","reason":"no"},"status":404})");
  });
  const std::string dead = refusing_url();
  Harness harness;
  const Result result =
      harness.run_bare({"inflight", "--admin", old.url() + "," + dead + "," + admin.url()});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, HasSubstr("r-1"));
  EXPECT_THAT(result.err, HasSubstr(old.url() + ": too old"));
  EXPECT_THAT(result.err, HasSubstr(dead));
}

TEST(Inflight, PrintsTheResponsesWhenAskedForJson) {
  const FakeAdmin admin = instance(kOne);
  Harness harness;
  const Result result = harness.run_bare({"inflight", "-o", "json", "--admin", admin.url()});
  EXPECT_EQ(result.out, R"({"instances":[{"admin":")" + admin.url() +
                            R"(","error":null,"inflight":)" + kOne + "}]}\n");
}

TEST(Inflight, RefusesWhatIsNoList) {
  for (const char* const body :
       {"[]", R"({"running":18446744073709551615,"requests":[]})",
        R"({"matched":9007199254740993,"requests":[]})", R"({"requests":[{"age_us":-5000000}]})",
        R"({"requests":[{"age_us":9223372036854775807}]})"}) {
    const FakeAdmin admin = instance(body);
    Harness harness;
    const Result result = harness.run_bare({"inflight", "--admin", admin.url()});
    EXPECT_EQ(result.code, 5) << body;
    EXPECT_THAT(result.err, HasSubstr(admin.url())) << body;
  }
}

TEST(InflightScrolls, RefusesTimesThatCannotBe) {
  for (const char* const times :
       {R"("left_ms":9223372036854775807)", R"("left_ms":-9223372036854775808)",
        R"("age_us":-9223372036854775808)", R"("unused_us":9223372036854775807)"}) {
    const FakeAdmin admin =
        instance(std::string(R"({"open":1,"scrolls":[{"kind":"scroll",)") + times + "}]}");
    Harness harness;
    EXPECT_EQ(harness.run_bare({"inflight", "--scrolls", "--admin", admin.url()}).code, 5) << times;
  }
}

TEST(CancelLine, WithoutAnOpaqueIdThePersonChoosesTheTask) {
  EXPECT_THAT(cancel_lines({.endpoint = "Search", .node = "[::1]:9200", .node_tls = true}),
              ElementsAre("curl -s 'https://[::1]:9200/_cat/tasks?v&actions=indices:data/read/"
                          "search&detailed&s=running_time_ns:desc&h=task_id,running_time,"
                          "x_opaque_id,description'",
                          "curl -s -XPOST 'https://[::1]:9200/_tasks/TASK_ID/_cancel'"));
}

TEST(CancelLine, TakesNothingIntoAShellThatItCouldRun) {
  for (const char* id : {"'; rm -rf /; '", "$(id)", "a\"b", "a b", "a\\b", "`id`", "a\nb", "-"}) {
    const auto lines = cancel_lines({.endpoint = "Search", .node = "os-1:9200", .opaque_id = id});
    ASSERT_EQ(lines.size(), 2U) << id;
    EXPECT_THAT(lines[0], Not(HasSubstr("awk"))) << id;
  }
  EXPECT_THAT(cancel_lines({.endpoint = "Search", .node = "$(id)", .opaque_id = "r"}), IsEmpty());
}

TEST(CancelLine, FindsAnUpdateByQueryAndAReindex) {
  EXPECT_THAT(cancel_lines({.endpoint = "IngestBulk",
                            .by_query = true,
                            .node = "os-1:9200",
                            .opaque_id = "nightly"}),
              ElementsAre("curl -s 'http://os-1:9200/_cat/tasks?actions=indices:data/write/update/"
                          "byquery,indices:data/write/reindex&h=x_opaque_id,task_id' | awk '$1 == "
                          "\"nightly\" {print $2}' | xargs -rI{} curl -s -XPOST "
                          "'http://os-1:9200/_tasks/{}/_cancel'"));
}

TEST(Inflight, PrintsTheCancelLineOfAReindex) {
  const FakeAdmin admin =
      instance(R"({"instance":"p","running":1,"matched":1,"silent_workers":[],"requests":[)"
               R"({"request_id":"r-1","age_us":1,"stage":"first_byte","endpoint":"IngestBulk",)"
               R"("by_query":true,"node":"os-1:9200","adds_opaque_id":true}]})");
  Harness harness;
  const Result result = harness.run_bare({"inflight", "--admin", admin.url()});
  EXPECT_THAT(result.out, HasSubstr("indices:data/write/reindex&h=x_opaque_id,task_id' | awk "
                                    "'$1 == \"r-1\""));
}

TEST(CancelLine, ThereIsNoneForWhatCannotBeCancelled) {
  EXPECT_THAT(cancel_lines({.endpoint = "IngestBulk", .node = "os-1:9200", .opaque_id = "r"}),
              IsEmpty());
  EXPECT_THAT(cancel_lines({.endpoint = "Search", .node = "", .opaque_id = "r"}), IsEmpty());
}

}  // namespace
}  // namespace osproxy::cli
