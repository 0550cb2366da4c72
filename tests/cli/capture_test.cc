// osproxyctl capture replay
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/cli/replay/captured_request.h"
#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"
#include "tests/support/temp_dir.h"

namespace osproxy::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A line as docs/capture.md has it. `body` is JSON text, quotes included.
std::string line(const std::string& method, const std::string& target,
                 const std::string& body = R"("")", const std::string& encoding = "utf-8",
                 bool truncated = false) {
  return R"({"v":1,"request_id":"r1","started":"2030-01-01T00:00:00Z","directives":["d"],)"
         R"("status":200,"upstream":"127.0.0.1:9200","latency_us":7,"error":null,"request":{)"
         R"("method":")" +
         method + R"(","target":")" + target +
         R"(","headers":[["Host","old"],["Content-Type","application/json"],)"
         R"(["Content-Length","999"],["Authorization","Basic old"]],"stripped":[],"body":)" +
         body + R"(,"body_encoding":")" + encoding + R"(","body_bytes":9,"truncated":)" +
         (truncated ? "true" : "false") + R"(},"response":null})";
}

class CaptureReplay : public testing::Test {
 protected:
  std::string file(const std::vector<std::string>& lines) {
    std::string path = dir_.path() / ("capture-" + std::to_string(++files_) + ".ndjson");
    std::ofstream out(path);
    for (const std::string& one : lines) out << one << '\n';
    return path;
  }

  Result replay(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"capture", "replay", "--to", server_.url()});
    return harness_.run_bare(std::move(arguments));
  }

  std::vector<std::string> asked() const {
    std::vector<std::string> asked;
    for (const FakeRequest& one : server_.requests())
      asked.push_back(one.method + " " + one.target);
    return asked;
  }

  int status_ = 200;
  TempDir dir_;
  int files_ = 0;
  FakeAdmin server_{[this](const FakeRequest&) { return json_response(status_, "{}"); }};
  Harness harness_;
};

TEST_F(CaptureReplay, SendsWhatReadsInTheOrderOfTheFiles) {
  const std::string first =
      file({line("GET", "/a/_doc/1"), line("POST", "/a/_search?q=x", R"("{\"size\":1}")")});
  const std::string second = file({line("POST", "/_msearch/template")});
  const Result result = replay({first, second});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(asked(),
              ElementsAre("GET /a/_doc/1", "POST /a/_search?q=x", "POST /_msearch/template"));
  EXPECT_EQ(server_.requests()[1].body, R"({"size":1})");
  EXPECT_EQ(server_.requests()[1].authorization, "Basic old");
  EXPECT_EQ(result.out,
            "GET /a/_doc/1: 200 then, 200 now\n"
            "POST /a/_search?q=x: 200 then, 200 now\n"
            "POST /_msearch/template: 200 then, 200 now\n"
            "3 sent, 3 with the captured status; 0 skipped\n");
}

TEST_F(CaptureReplay, ABarStandsOnATerminalOnly) {
  const std::string path = file({line("GET", "/a"), line("GET", "/b")});
  EXPECT_THAT(replay({path}).err, IsEmpty());
  harness_.is_err_terminal = true;
  EXPECT_EQ(replay({path}).err,
            "[##########----------] 1/2\r\x1b[K"
            "[####################] 2/2\r\x1b[K");
}

TEST_F(CaptureReplay, LeavesOutWhatMayChangeSomethingUnlessItIsAskedFor) {
  const std::string path = file({line("PUT", "/a/_doc/1", R"("{}")"), line("POST", "/a/_doc"),
                                 line("POST", "/a/_delete_by_query"), line("DELETE", "/a")});
  const Result result = replay({path});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_THAT(result.out, HasSubstr("PUT /a/_doc/1: skipped, it may change something"));
  EXPECT_THAT(result.out, HasSubstr("0 sent, 0 with the captured status; 4 skipped"));
  EXPECT_EQ(replay({path, "--writes"}).code, 0);
  EXPECT_EQ(asked().size(), 4);
}

TEST_F(CaptureReplay, DoesNotSendABodyThatWasCutOff) {
  const Result result = replay({file({line("GET", "/a", R"("x")", "utf-8", true)}), "--writes"});
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_THAT(result.out, HasSubstr("its body was cut off"));
}

TEST_F(CaptureReplay, SendsBytesThatAreNoText) {
  replay({file({line("GET", "/a", R"("/wA=")", "base64")})});
  EXPECT_EQ(server_.requests().at(0).body, std::string("\xff\0", 2));
}

TEST_F(CaptureReplay, PutsHeadersInPlaceOfTheCapturedOnes) {
  replay({file({line("GET", "/a")}), "--header", "authorization: Basic new"});
  EXPECT_EQ(server_.requests().at(0).authorization, "Basic new");
}

TEST_F(CaptureReplay, SendsNothingInADryRun) {
  const Result result = replay({file({line("GET", "/a")}), "--dry-run"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(asked(), IsEmpty());
  EXPECT_THAT(result.out, HasSubstr("GET /a: would be sent (200 then)"));
}

TEST_F(CaptureReplay, FailsIfAStatusIsAnother) {
  status_ = 404;
  const Result result = replay({file({line("GET", "/a")}), "--output", "json"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.out, R"({"request_id":"r1","method":"GET","target":"/a","status_then":200,)"
                        R"("status_now":404,"outcome":"sent"})"
                        "\n");
}

TEST_F(CaptureReplay, SkipsWhatIsOddAndGoesOn) {
  for (const std::string& odd :
       {std::string("{"), std::string("{}"), std::string(R"({"v":2})"), std::string(),
        line("GET", R"(/a\r\nX: y)"), line("GET /b", "/a"), line("OPTIONS", "*"),
        line("GET", "/a", R"("%%")", "base64"), line("GET", "/a\xEF\xBF\xBD/_search")}) {
    const std::string path = file({line("GET", "/before"), odd, line("GET", "/after")});
    const Result result = replay({path});
    EXPECT_EQ(result.code, 1) << odd;
    EXPECT_THAT(result.out, HasSubstr(path + ", line 2: skipped, it")) << odd;
    EXPECT_THAT(result.out, HasSubstr("2 sent, 2 with the captured status; 1 skipped"));
  }
  EXPECT_EQ(asked().size(), 18);
}

TEST_F(CaptureReplay, SendsAnUnusualTargetInOriginForm) {
  const std::string tab = R"({"v":1,"request_id":"r","status":200,"request":{"method":"GET",)"
                          R"("target":"/a/_search","headers":[["X-Note","a\tb"]],"body":"",)"
                          R"("body_encoding":"utf-8","truncated":false}})";
  const Result result =
      replay({file({line("GET", "http://proxy:9200/a/_search?q=x"), line("GET", "_cluster/health"),
                    line("GET", "http://p"), tab})});
  EXPECT_EQ(result.code, 0) << result.err << result.out;
  EXPECT_THAT(asked(),
              ElementsAre("GET /a/_search?q=x", "GET /_cluster/health", "GET /", "GET /a/_search"));
}

TEST_F(CaptureReplay, RefusesAFileWithoutAnExchange) {
  const std::string good = file({line("GET", "/a")});
  const std::string bad = file({"no JSON", "{}"});
  const Result result = replay({good, bad});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr(bad + ", line 1: it is not JSON"));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST_F(CaptureReplay, SaysHowFarItCameIfThereIsNoResponse) {
  const Result result = harness_.run_bare(
      {"capture", "replay", "--to", refusing_url(), file({line("GET", "/a"), line("GET", "/b")})});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("connection refused"));
  EXPECT_THAT(result.err, HasSubstr("0 requests were sent before"));
}

TEST_F(CaptureReplay, RefusesWrongUsage) {
  const std::string path = file({line("GET", "/a")});
  EXPECT_EQ(harness_.run_bare({"capture"}).code, 2);
  EXPECT_EQ(harness_.run_bare({"capture", "replay", path}).code, 2);
  EXPECT_EQ(harness_.run_bare({"capture", "replay", path, "--to", "ftp://x"}).code, 2);
  for (const char* header : {"nothing", ": x", "a b: c", "a: b\r\nc: d"}) {
    EXPECT_EQ(replay({path, "--header", header}).code, 2) << header;
  }
  const Result missing = replay({"/nowhere/capture.ndjson"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("/nowhere/capture.ndjson: No such file"));
  EXPECT_THAT(asked(), IsEmpty());
}

TEST(CapturedRequest, OnlyReadsIfTheTableOfRoutesKnowsIt) {
  const auto reads = [](const std::string& method, const std::string& target) {
    return only_reads({.method = method, .target = target});
  };
  EXPECT_TRUE(reads("HEAD", "/a"));
  EXPECT_TRUE(reads("POST", "/_count"));
  EXPECT_TRUE(reads("POST", "/a,b/_search/template?x=/_bulk"));
  EXPECT_TRUE(reads("GET", "/a/_doc/_flush"));
  EXPECT_TRUE(reads("GET", "/_cat/indices"));
  EXPECT_TRUE(reads("POST", "/a/_analyze"));
  EXPECT_FALSE(reads("POST", "/_bulk?x=/_search"));
  EXPECT_FALSE(reads("PUT", "/a/_search"));
  EXPECT_FALSE(reads("get", "/a"));
  // The client chooses the id.
  EXPECT_FALSE(reads("POST", "/a/_doc/_search"));
  EXPECT_FALSE(reads("POST", "/a/_create/_count"));
  EXPECT_FALSE(reads("POST", "/a/_update/_mget"));
  EXPECT_FALSE(reads("POST", "/a%2F_doc/_search/x"));
  // These act, although they are GETs.
  EXPECT_FALSE(reads("GET", "/a/_flush"));
  EXPECT_FALSE(reads("GET", "/_refresh"));
  EXPECT_FALSE(reads("GET", "/_search/scroll/x"));
  EXPECT_FALSE(reads("GET", "/_plugins/_knn/warmup/a"));
  EXPECT_FALSE(reads("GET", "/_plugins/_anything/new"));
  EXPECT_FALSE(reads("POST", "/_plugins/_sql"));
  EXPECT_FALSE(reads("POST", "/a/_search/point_in_time"));
  EXPECT_FALSE(reads("POST", "/_some/new/api/_search"));
}

}  // namespace
}  // namespace osproxy::cli
