// A wrong command line gets exit code 2, the flag's name and what would be right, and nothing is
// sent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/version.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Args = std::vector<std::string>;

TEST(Usage, HelpNamesEveryCommandWithItsExamples) {
  Harness harness;
  const Result root = harness.run_bare({"help"});
  EXPECT_EQ(root.code, 0);
  for (const char* name : {"status", "list", "on", "off", "publish", "watch", "explain"}) {
    EXPECT_THAT(root.out, HasSubstr(std::string("  ") + name + " "));
    const Result help = harness.run_bare({"help", name});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, AllOf(HasSubstr("Examples:"), HasSubstr("Exit codes:"),
                                HasSubstr("--output"), HasSubstr("Connection")));
    EXPECT_EQ(harness.run_bare({name, "--help"}).out, help.out);
  }
}

TEST(Usage, TellsItsVersion) {
  Harness harness;
  const Result result = harness.run_bare({"--version"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr(kVersion));
}

TEST(Usage, RefusesNoCommandAndUnknownOnes) {
  Harness harness;
  EXPECT_EQ(harness.run_bare({}).code, 2);
  const Result unknown = harness.run_bare({"lst"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("lst"), HasSubstr("osproxyctl --help")));
  EXPECT_THAT(unknown.out, IsEmpty());
  EXPECT_EQ(harness.run_bare({"help", "lst"}).code, 2);
  EXPECT_EQ(harness.run_bare({"list", "extra"}).code, 2);
  EXPECT_EQ(harness.run_bare({"list", "--no-such-flag"}).code, 2);
}

TEST(Usage, SuggestsTheNearestCommandOrFlag) {
  Harness harness;
  const auto says = [&](Args arguments) {
    const Result result = harness.run_bare(std::move(arguments));
    EXPECT_EQ(result.code, 2);
    return result.err;
  };
  EXPECT_EQ(says({"lst"}),
            "osproxyctl: there is no command lst; did you mean list?\n"
            "See: osproxyctl --help\n");
  EXPECT_EQ(says({"help", "stauts"}),
            "osproxyctl help: there is no command stauts; did you mean status?\n"
            "See: osproxyctl help --help\n");
  EXPECT_EQ(says({"list", "--enpoints", "127.0.0.1:2379"}),
            "osproxyctl list: there is no flag --enpoints; did you mean --endpoints?\n"
            "See: osproxyctl list --help\n");
  EXPECT_THAT(says({"on", "--tenat=acme", "--ttl", "1m"}),
              HasSubstr("there is no flag --tenat; did you mean --tenant?"));
  EXPECT_THAT(says({"capture", "rpelay"}),
              HasSubstr("rpelay is not expected; did you mean replay?"));
  EXPECT_EQ(says({"xyzzy"}), "osproxyctl: there is no command xyzzy\nSee: osproxyctl --help\n");
}

TEST(Usage, TakesTheFlagsOfACommandBeforeItAsWell) {
  Harness harness;
  const Result result =
      harness.run_bare({"--endpoints", "127.0.0.1:2379", "--output=json", "list"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "{\"revision\":0,\"directives\":[],\"thinned\":[]}\n");
}

struct BadFlag {
  const char* flag;
  const char* value;
  const char* says;
};

class BadFlagOfOn : public ::testing::TestWithParam<BadFlag> {};

TEST_P(BadFlagOfOn, IsNamedWithWhatWouldBeRight) {
  Harness harness;
  const BadFlag& bad = GetParam();
  Args arguments{"on", bad.flag, bad.value};
  const auto add_unless_bad = [&](const char* flag, const char* value) {
    if (std::string_view(bad.flag) != flag) arguments.insert(arguments.end(), {flag, value});
  };
  add_unless_bad("--tenant", "acme");
  add_unless_bad("--level", "Shape");
  if (std::string_view(bad.flag) != "--expires-at") add_unless_bad("--ttl", "10m");
  const Result result = harness.run(arguments);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, AllOf(HasSubstr("osproxyctl on: "), HasSubstr(bad.flag),
                                HasSubstr(bad.says), HasSubstr("osproxyctl on --help")));
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(harness.etcd.publishes, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Flags, BadFlagOfOn,
    ::testing::Values(
        BadFlag{"--tenant", "", "must not be empty"}, BadFlag{"--index", "", "must not be empty"},
        BadFlag{"--principal", "", "must not be empty"},
        BadFlag{"--client", "10.0.0.1/8", "host bits set"},
        BadFlag{"--client", "localhost", "must be an IP address or a block"},
        BadFlag{"--agent", "curl 8.0", "must be a product"},
        BadFlag{"--opaque-id", "", "must not be empty"},
        BadFlag{"--endpoint", "search", "must be one of: IngestDoc"},
        BadFlag{"--endpoint", "127.0.0.1:2379", "--endpoints"},
        BadFlag{"--level", "shape", "must be one of: Off Shape ShapeTiming ShapeRewriteDiff"},
        BadFlag{"--ttl", "10", "must be a duration"},
        BadFlag{"--ttl", "10 m", "must be a duration"},
        BadFlag{"--ttl", "-5m", "must be a duration"}, BadFlag{"--ttl", "0s", "longer than zero"},
        BadFlag{"--ttl", "25h", "no directive may live longer than 1d"},
        BadFlag{"--expires-at", "tomorrow", "must be a time in UTC"},
        BadFlag{"--expires-at", "2029-12-31T23:59:59Z", "over already"},
        BadFlag{"--expires-at", "2030-01-03T00:00:00Z", "no directive may live longer than 1d"},
        BadFlag{"--sample-per-mille", "1001", "a whole number from 0 to 1000"},
        BadFlag{"--sample-per-mille", "0x10", "a whole number from 0 to 1000"},
        BadFlag{"--sample-per-mille", "-1", "a whole number from 0 to 1000"},
        BadFlag{"--shape", "2D2814F85DCDEDA6", "must be 16 lower-case hex digits"},
        BadFlag{"--shape", "2d28", "must be 16 lower-case hex digits"},
        BadFlag{"--min-failed-items", "0", "a whole number from 1"},
        BadFlag{"--max-records", "0", "a whole number from 1"},
        BadFlag{"--max-records", "1e3", "a whole number from 1"},
        BadFlag{"--min-latency", "1", "must be a duration"},
        BadFlag{"--status", "6xx", "such as 5xx or 429"}, BadFlag{"--id", "", "must not be empty"},
        BadFlag{"--id", "a\nb", "bad_id"}, BadFlag{"--reason", "a\x1b[2J", "bad_reason"},
        BadFlag{"--output", "xml", "text, json or yaml"},
        BadFlag{"--timeout", "forever", "must be a duration"},
        BadFlag{"--max-life", "400d", "must be at most 366d"}));

TEST(Usage, RefusesFreeTextThatIsTooLong) {
  Harness harness;
  const Args base{"on", "--all", "--level", "Shape", "--ttl", "1m"};
  const auto code_with = [&](const char* flag, std::size_t size) {
    Args arguments = base;
    arguments.insert(arguments.end(), {flag, std::string(size, 'x')});
    return harness.run(arguments).code;
  };
  for (const char* flag : {"--reason", "--author"}) {
    EXPECT_EQ(code_with(flag, 257), 2) << flag;
    EXPECT_EQ(code_with(flag, 256), 0) << flag;
  }
  EXPECT_EQ(code_with("--id", 129), 2);
  EXPECT_EQ(code_with("--id", 128), 0);
}

TEST(Usage, OnWantsATargetOrAllAndExactlyOneEnd) {
  Harness harness;
  const auto says = [&](Args arguments) {
    const Result result = harness.run(std::move(arguments));
    EXPECT_EQ(result.code, 2);
    return result.err;
  };
  EXPECT_THAT(says({"on", "--level", "Shape", "--ttl", "1m"}), HasSubstr("--all"));
  EXPECT_THAT(says({"on", "--all", "--tenant", "a", "--level", "Shape", "--ttl", "1m"}),
              HasSubstr("--all excludes a target"));
  EXPECT_THAT(says({"on", "--all", "--ttl", "1m"}), HasSubstr("--level"));
  EXPECT_THAT(says({"on", "--all", "--level", "Shape"}), HasSubstr("--ttl or --expires-at"));
  EXPECT_THAT(says({"on", "--all", "--level", "Shape", "--ttl", "1m", "--expires-at",
                    "2030-01-01T01:00:00Z"}),
              HasSubstr("--ttl or --expires-at"));
  EXPECT_THAT(says({"on", "--tenant", "a", "--tenant", "b", "--level", "Shape", "--ttl", "1m"}),
              HasSubstr("--tenant"));
  EXPECT_EQ(harness.etcd.publishes, 0);
}

TEST(Usage, RefusesATargetThatIsNotUtf8) {
  Harness harness;
  const Result result = harness.run({"on", "--tenant", "\xFF", "--level", "Shape", "--ttl", "1m"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("not UTF-8"));
  EXPECT_EQ(harness.etcd.publishes, 0);
}

TEST(Usage, OffWantsIdsOrAllNotBoth) {
  Harness harness;
  EXPECT_EQ(harness.run({"off"}).code, 2);
  EXPECT_EQ(harness.run({"off", "a", "--all"}).code, 2);
}

TEST(Usage, ExplainRefusesAnIdThatNoRequestCanHave) {
  Harness harness;
  EXPECT_THAT(harness.run_bare({"explain", "../metrics"}).err, HasSubstr("a request id is"));
  EXPECT_EQ(harness.run_bare({"explain", "a b"}).code, 2);
  EXPECT_EQ(harness.run_bare({"explain"}).code, 2);
}

struct BadConnection {
  Args arguments;
  const char* says;
};

class BadConnectionOfList : public ::testing::TestWithParam<BadConnection> {};

TEST_P(BadConnectionOfList, IsRefused) {
  Harness harness;
  Args arguments = GetParam().arguments;
  arguments.insert(arguments.begin(), "list");
  const Result result = harness.run_bare(arguments);
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Flags, BadConnectionOfList,
    ::testing::Values(
        BadConnection{{"--endpoints", "localhost"},
                      "--endpoints: \"localhost\": the port is missing"},
        BadConnection{{"--endpoints", "a:1,,b:2"}, "--endpoints: a piece of the list is empty"},
        BadConnection{{"--endpoints", "a:1,"}, "--endpoints: a piece of the list is empty"},
        BadConnection{{"--endpoints", "a:0"}, "--endpoints: \"a:0\": port 0"},
        BadConnection{{"--endpoints", ""}, "--endpoints: must not be empty"},
        BadConnection{{"--endpoints", "a:1", "--key", ""}, "--key: must not be empty"},
        BadConnection{{"--endpoints", "a:1", "--admin", "http://b"}, "exclude each other"},
        BadConnection{{"--endpoints", "a:1", "--token-file", "x"}, "--token-file goes with"},
        BadConnection{{"--key", "k"}, "--key goes with --endpoints"},
        BadConnection{{"--etcd-user", "u"}, "--etcd-user goes with --endpoints"},
        BadConnection{{"--endpoints", "a:1", "--etcd-user", "u"}, "belong together"},
        BadConnection{{"--endpoints", "a:1,https://b:1"}, "--endpoints: \"https://b:1\": some are"},
        BadConnection{{"--admin", "proxy-1:9901"}, "--admin: it must be a URL"},
        BadConnection{{"--admin", "http://a/path"}, "--admin: it must be scheme"},
        BadConnection{{"--ca-file", "/does/not/exist"}, "--ca-file: the file cannot be"},
        BadConnection{{"--ca-file", "/dev/null"}, "--ca-file: the file holds no certificate"},
        BadConnection{{"--cert-file", "/dev/null"}, "--cert-file and --key-file go together"},
        BadConnection{{"--endpoints", "a:1", "--ca-file", "x"}, "--ca-file goes with --admin"},
        BadConnection{{"--admin", "http://a,http://b"}, "name one"},
        BadConnection{{"--token-file", "/does/not/exist"}, "--token-file: the file cannot be"},
        BadConnection{{"--token-file", "/"}, "--token-file: the file cannot be"}));

TEST(Usage, NamesTheVariableThatIsWrong) {
  Harness harness;
  harness.variables["OSPROXYCTL_ENDPOINTS"] = "localhost";
  EXPECT_THAT(harness.run_bare({"list"}).err,
              HasSubstr("OSPROXYCTL_ENDPOINTS: \"localhost\": the port is missing"));
  harness.variables["OSPROXYCTL_ADMIN"] = "http://a";
  EXPECT_THAT(harness.run_bare({"list"}).err, HasSubstr("are both set"));
  harness.variables.erase("OSPROXYCTL_ENDPOINTS");
  harness.variables["OSPROXYCTL_TOKEN"] = "two words";
  const Result token = harness.run_bare({"list"});
  EXPECT_THAT(token.err, HasSubstr("OSPROXYCTL_TOKEN: a token is"));
  EXPECT_THAT(token.err, ::testing::Not(HasSubstr("words")));
}

TEST(Usage, FlagsGoOverVariables) {
  Harness harness;
  harness.variables = {{"OSPROXYCTL_ENDPOINTS", "10.0.0.1:1,10.0.0.2:2"},
                       {"OSPROXYCTL_KEY", "other/key"},
                       {"OSPROXYCTL_ADMIN", ""}};  // empty is unset
  EXPECT_EQ(harness.run_bare({"list"}).code, 0);
  EXPECT_EQ(harness.etcd.access->target.endpoints, (Args{"10.0.0.1:1", "10.0.0.2:2"}));
  EXPECT_EQ(harness.etcd.access->target.key, "other/key");
  EXPECT_EQ(harness.etcd.access->timeout, std::chrono::seconds{5});

  harness.variables["OSPROXYCTL_ADMIN"] = "http://a";
  EXPECT_EQ(harness
                .run_bare({"list", "--endpoints", "[::1]:9", "--key", "k", "--timeout", "250ms",
                           "--max-life", "2d"})
                .code,
            0);
  EXPECT_EQ(harness.etcd.access->target.endpoints, Args{"[::1]:9"});
  EXPECT_EQ(harness.etcd.access->target.key, "k");
  EXPECT_EQ(harness.etcd.access->timeout, std::chrono::milliseconds{250});
  EXPECT_EQ(harness.etcd.access->limits.max_life, std::chrono::days{2});
}

TEST(Usage, WatchNeedsEndpoints) {
  Harness harness;
  const Result result = harness.run_bare({"watch"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("--endpoints: name the etcd servers"));
}

}  // namespace
}  // namespace osproxy::cli
