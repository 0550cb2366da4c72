// osproxyctl shape
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/harness.h"
#include "tests/inspect/compressed.h"
#include "tests/support/temp_dir.h"

namespace osproxy::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Shape : public testing::Test {
 protected:
  Result run(const std::string& body, std::vector<std::string> flags = {}) {
    const std::string path = dir_.path() / "body";
    std::ofstream(path) << body;
    flags.insert(flags.begin(), {"shape", path});
    return harness_.run_bare(flags);
  }

  TempDir dir_;
  Harness harness_;
};

TEST_F(Shape, PrintsTheHashAndTheTextThatIsHashed) {
  const Result result = run("{\"query\":{\"term\":{\"status\":\"open\"}}}\n");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "2d2814f85dcdeda6\n\n"
            "shape 1\n"
            "body object $\n"
            "body object query\n"
            "body object query.term\n"
            "body string query.term.status\n");
  EXPECT_EQ(run(R"({"query":{"term":{"status":"x"}}})", {"--output", "json"}).out,
            R"({"shape":"2d2814f85dcdeda6","endpoint":"Search","text":"shape 1\nbody object $\n)"
            R"(body object query\nbody object query.term\nbody string query.term.status\n"})"
            "\n");
}

TEST_F(Shape, ReadsAFileThatIsCompressed) {
  const std::string body = R"({"query":{"term":{"status":"open"}}})";
  EXPECT_THAT(run(test::compressed(body)).out, HasSubstr("2d2814f85dcdeda6\n\n"));
  const std::string cut = test::compressed(body).substr(0, 15);
  for (const std::string& bad : {cut.substr(0, 4), "\x1f\x8b" + std::string(50, 'x')}) {
    const Result result = run(bad);
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.err, HasSubstr("it begins as gzip does, and cannot be decompressed"));
  }
  EXPECT_THAT(run(test::compressed("\"" + std::string(1 << 20, 'x') + "\"")).err,
              HasSubstr("longer than the 1048576 bytes that are read"));
}

TEST_F(Shape, FindsTheEndpointByTheBody) {
  const auto endpoint_of = [this](const std::string& body) {
    const std::string out = run(body, {"--output", "json"}).out;
    const auto begin = out.find("endpoint\":\"") + 11;
    return out.substr(begin, out.find('"', begin) - begin);
  };
  EXPECT_EQ(endpoint_of("{\n \"query\": {}\n}\n"), "Search");
  EXPECT_EQ(endpoint_of("{\"index\":{}}\n{\"a\":1}\n"), "IngestBulk");
  EXPECT_EQ(endpoint_of("{\"delete\":{\"_id\":\"1\"}}\n{\"delete\":{\"_id\":\"2\"}}\n"),
            "IngestBulk");
  EXPECT_EQ(endpoint_of("{\"index\":\"a\"}\n{\"query\":{}}\n"), "MultiSearch");
  EXPECT_EQ(endpoint_of("{}\n{\"query\":{}}\n"), "MultiSearch");
  EXPECT_THAT(run("{\"index\":{}}\n{\"a\":1}\n").out, HasSubstr("index.source number a\n"));
  EXPECT_THAT(run("{\"delete\":{}}", {"--endpoint", "IngestBulk"}).out,
              HasSubstr("delete object $\n"));
}

TEST_F(Shape, SaysWhyABodyHasNoneAndWhere) {
  const auto fault_of = [this](const std::string& body) {
    const Result result = run(body);
    EXPECT_EQ(result.code, 1);
    EXPECT_THAT(result.out, IsEmpty());
    return result.err;
  };
  EXPECT_THAT(fault_of(""), HasSubstr("/body: no shape: it is empty"));
  EXPECT_THAT(fault_of("{\n  \"a\": 1,\n  b\n}"),
              HasSubstr("no shape: line 3, column 3: this is not JSON"));
  EXPECT_THAT(fault_of("{\"a\":[1,\n2"), HasSubstr("line 2, column 2: the JSON has no end"));
  EXPECT_THAT(fault_of("{\"index\":{}}\n{}\n{\"index\":{}}\nx\n"),
              HasSubstr("line 4, column 1: this is not JSON"));
  EXPECT_THAT(fault_of(std::string(40, '[') + std::string(40, ']')),
              HasSubstr("nested deeper than 24 levels"));
  EXPECT_THAT(fault_of("\"" + std::string(1 << 20, 'x') + "\""),
              HasSubstr("longer than the 1048576 bytes that are read"));
}

TEST_F(Shape, NeedsAFileThatCanBeRead) {
  const Result missing = harness_.run_bare({"shape", dir_.path() / "missing"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_THAT(missing.err, HasSubstr("missing: the file cannot be read"));
  EXPECT_EQ(harness_.run_bare({"shape"}).code, 2);
  EXPECT_THAT(run("{}", {"--endpoint", "search"}).err, HasSubstr("must be one of: IngestDoc"));
}

}  // namespace
}  // namespace osproxy::cli
