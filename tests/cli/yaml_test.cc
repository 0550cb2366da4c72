#include "osproxy/cli/print/yaml.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

TEST(Yaml, PrintsEveryKindOfValue) {
  const struct {
    const char* json;
    const char* yaml;
  } rows[] = {
      {R"(1)", "1\n"},
      {R"(null)", "null\n"},
      {R"({})", "{}\n"},
      {R"([])", "[]\n"},
      {R"({"a":1,"b":-2.5,"c":true,"d":null})", "a: 1\nb: -2.5\nc: true\nd: null\n"},
      {R"({"a":{"b":{"c":[]}}})", "a:\n  b:\n    c: []\n"},
      {R"([1,[2,3],[]])", "- 1\n- - 2\n  - 3\n- []\n"},
      {R"([{"a":1,"b":[{"c":2},{}]},{"d":3}])", "- a: 1\n  b:\n    - c: 2\n    - {}\n- d: 3\n"},
      {R"(18446744073709551615)", "18446744073709551615\n"},
  };
  for (const auto& row : rows) EXPECT_EQ(json_to_yaml(row.json), row.yaml) << row.json;
}

TEST(Yaml, QuotesTextThatYamlWouldReadAsSomethingElse) {
  const struct {
    const char* json;
    const char* yaml;
  } rows[] = {
      {R"("proxy-1.example/a_b")", "proxy-1.example/a_b\n"},
      {R"("")", "\"\"\n"},
      {R"("No")", "\"No\"\n"},
      {R"("null")", "\"null\"\n"},
      {R"("12:30")", "\"12:30\"\n"},
      {R"("1e3")", "\"1e3\"\n"},
      {R"("a: b")", "\"a: b\"\n"},
      {R"("- a")", "\"- a\"\n"},
      {R"("#a")", "\"#a\"\n"},
      {R"("a\nb\"\\")", "\"a\\nb\\\"\\\\\"\n"},
      {R"("ä")", "\"ä\"\n"},
      {R"({"on":1,"a b":2})", "\"on\": 1\n\"a b\": 2\n"},
  };
  for (const auto& row : rows) EXPECT_EQ(json_to_yaml(row.json), row.yaml) << row.json;
}

TEST(Yaml, LeavesTextThatIsNoJson) {
  EXPECT_EQ(json_to_yaml("matched 4"), std::nullopt);
  std::ostringstream lines;
  YamlOutput yaml(lines);
  std::ostream(&yaml) << "{\"a\":1}\n-- 1 shown --\n{\"a\":" << 2 << "}\n" << std::flush;
  EXPECT_EQ(lines.str(), "a: 1\n-- 1 shown --\n---\na: 2\n");
}

TEST(Yaml, ALineIsPrintedOnceItIsComplete) {
  std::ostringstream lines;
  {
    YamlOutput yaml(lines);
    std::ostream out(&yaml);
    out << R"({"a":)" << std::flush;
    EXPECT_EQ(lines.str(), "");
    out << "1}";
  }
  EXPECT_EQ(lines.str(), "a: 1\n");
}

TEST(Yaml, AFailureOfTheOutputIsNoticed) {
  std::ostringstream lines;
  lines.setstate(std::ios::badbit);
  YamlOutput yaml(lines);
  std::ostream out(&yaml);
  out << "{}\n";
  EXPECT_FALSE(out);
}

TEST(Yaml, ACommandPrintsItWhereItPrintsJson) {
  Harness harness;
  harness.etcd.put(
      R"({"directives":[{"id":"a-1","level":"Shape","expires_at":"2030-01-01T00:10:00Z"}]})");
  const Result yaml = harness.run({"list", "-o", "yaml"});
  EXPECT_EQ(yaml.code, 0);
  EXPECT_THAT(yaml.out, testing::StartsWith("revision: 1\n"));
  EXPECT_THAT(yaml.out, testing::HasSubstr("directives:\n  - id: a-1\n    level: Shape\n"));
  EXPECT_EQ(json_to_yaml(harness.run({"list", "-o", "json"}).out), yaml.out);
}

}  // namespace
}  // namespace osproxy::cli
