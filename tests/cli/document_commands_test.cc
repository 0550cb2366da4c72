// publish, on, off and list, against a document that others edit too.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/harness.h"
#include "tests/support/temp_dir.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr std::string_view kTwo =
    R"({"directives":[{"id":"a","level":"Shape","expires_at":"2030-01-01T00:10:00Z","tenant":"x"},)"
    R"({"id":"b","level":"Off","expires_at":"2030-01-01T01:00:00Z"}]})";
constexpr std::string_view kRelative =
    R"({"directives":[{"id":"raw","level":"Shape","ttl_secs":600},)"
    R"({"id":"b","level":"Off","expires_at":"2030-01-01T01:00:00Z"}]})";
constexpr std::string_view kMalformed =
    R"({"directives":[{"id":"secret-id","level":"Shape","ttl_secs":0}]})";

// The rest of a command's JSON, if the fleet has one instance and that has applied it.
constexpr char kAppliedJson[] =
    R"(,"fleet":{"applied":1,"instances":1,"took_ms":0,"slowest":null,"missing":[]}})"
    "\n";

const PublishError kUnavailable{.kind = PublishError::Kind::Unavailable,
                                .message = "127.0.0.1:2379: connection refused"};

std::vector<std::string> on(std::vector<std::string> more) {
  std::vector<std::string> arguments{"on", "--level", "ShapeTiming", "--ttl", "10m"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// publish

TEST(Publish, ReplacesTheDocumentAndResolvesItsEnds) {
  Harness harness;
  harness.etcd.put(kTwo);
  harness.in = R"({"directives":[{"id":"c","level":"Shape","ttl_secs":90}]})";
  const Result result = harness.run({"publish", "-"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("published revision 2"), HasSubstr("in 1m30s")));
  EXPECT_EQ(harness.etcd.current.bytes,
            R"({"directives":[{"id":"c","level":"Shape","expires_at":"2030-01-01T00:01:30Z"}]})");
}

TEST(Publish, ReadsAFileAndPrintsJson) {
  Harness harness;
  const TempDir dir;
  const std::string path = dir.path() / "d.json";
  std::ofstream(path) << kTwo;
  const Result result = harness.run({"publish", path, "--output", "json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out,
            "{\"revision\":1," + std::string(kTwo.substr(1, kTwo.size() - 2)) + kAppliedJson);
}

TEST(Publish, NamesTheSlugThePlaceAndTheFileOfARejectedDocument) {
  Harness harness;
  harness.in = kMalformed;
  const Result result = harness.run({"publish", "-"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("stdin: rejected: zero_ttl at directives[0].ttl_secs"),
                                Not(HasSubstr("secret-id"))));
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(harness.etcd.publishes, 0);
}

TEST(Publish, RefusesAnEndBeyondTheLongestLifeUnlessToldOfALongerOne) {
  Harness harness;
  harness.in = R"({"directives":[{"id":"c","level":"Shape","expires_at":"2030-01-02T06:00:00Z"}]})";
  const Result result = harness.run({"publish", "-"});
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, HasSubstr("ttl_too_long at directives[0].expires_at"));
}

TEST(Publish, RefusesMoreThanADocumentMayHold) {
  Harness harness;
  harness.in = std::string((1 << 20) + 1, ' ');
  EXPECT_THAT(harness.run({"publish", "-"}).err, HasSubstr("too_large"));
}

TEST(Publish, RefusesAFileThatCannotBeRead) {
  Harness harness;
  const TempDir dir;
  EXPECT_EQ(harness.run({"publish", dir.path() / "none"}).code, 2);
  EXPECT_EQ(harness.run({"publish", dir.path()}).code, 2);
}

TEST(Publish, IsConditionalOnTheRevisionIfAsked) {
  Harness harness;
  harness.in = kTwo;
  EXPECT_EQ(harness.run({"publish", "-", "--if-revision", "0"}).code, 0);
  const Result late = harness.run({"publish", "-", "--if-revision", "0"});
  EXPECT_EQ(late.code, 4);
  EXPECT_THAT(late.err, HasSubstr("the published revision is 1, not 0"));
  EXPECT_EQ(harness.run({"publish", "-", "--if-revision", "1"}).code, 0);
  EXPECT_EQ(harness.run({"publish", "-", "--if-revision", "-1"}).code, 2);
}

TEST(Publish, SaysThatEtcdCannotBeReached) {
  Harness harness;
  harness.in = kTwo;
  harness.etcd.fail_publish = kUnavailable;
  const Result result = harness.run({"publish", "-"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("connection refused"));
  harness.etcd.connect_error = "no endpoint answers";
  EXPECT_EQ(harness.run({"publish", "-"}).code, 5);
}

// on

TEST(On, AddsADirectiveAndLeavesTheOthers) {
  Harness harness;
  harness.etcd.put(kTwo);
  const Result result = harness.run(on({"--tenant",
                                        "acme",
                                        "--index",
                                        "orders",
                                        "--principal",
                                        "bob",
                                        "--endpoint",
                                        "Search",
                                        "--client",
                                        "2001:DB8::/32",
                                        "--agent",
                                        "curl",
                                        "--opaque-id",
                                        "job 7",
                                        "--sample-per-mille",
                                        "5",
                                        "--ring-buffer",
                                        "--capture",
                                        "--min-latency",
                                        "1s500ms",
                                        "--status",
                                        "5xx",
                                        "--shape",
                                        "2d2814f85dcdeda6",
                                        "--min-failed-items",
                                        "3",
                                        "--max-records",
                                        "100",
                                        "--reason",
                                        "INC-1",
                                        "--id",
                                        "mine"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(
      result.out,
      "published mine at revision 2, expires 2030-01-01T00:10:00Z (in 10m)\napplied 1/1 in 0 ms\n");
  EXPECT_THAT(
      harness.etcd.current.bytes,
      AllOf(HasSubstr(R"("id":"a")"), HasSubstr(R"("id":"b")"),
            HasSubstr(R"("id":"mine","level":"ShapeTiming")"),
            HasSubstr(R"("expires_at":"2030-01-01T00:10:00Z")"), HasSubstr(R"("tenant":"acme")"),
            HasSubstr(R"("index":"orders")"), HasSubstr(R"("principal":"bob")"),
            HasSubstr(R"("endpoint":"Search")"),
            HasSubstr(R"("client":"2001:db8::/32","agent":"curl","opaque_id":"job 7")"),
            HasSubstr(R"("sample_per_mille":5)"), HasSubstr(R"("ring_buffer":true)"),
            HasSubstr(R"("capture":true)"), HasSubstr(R"("min_latency_ms":1500)"),
            HasSubstr(R"("status":"5xx")"), HasSubstr(R"("max_records":100)"),
            HasSubstr(R"("shape":"2d2814f85dcdeda6")"), HasSubstr(R"("min_failed_items":3)"),
            HasSubstr(R"("reason":"INC-1")"), HasSubstr(R"("author":"ana")")));
}

TEST(On, MakesAnIdOutOfTheTarget) {
  Harness harness;
  const Result first = harness.run(on({"--tenant", "Acme Corp", "--endpoint", "Search"}));
  EXPECT_THAT(first.out, MatchesRegex("published acme-corp-search-[0-9a-f]{3} at revision 1.*\n"));
  const Result all = harness.run(on({"--all", "--output", "json"}));
  EXPECT_THAT(all.out, MatchesRegex(R"(\{"revision":2,"id":"all-[0-9a-f]{3}",)"
                                    R"("expires_at":"2030-01-01T00:10:00Z","directive":\{.*\},)"
                                    R"("pruned":\[\],"fleet":\{.*\}\}.)"));
}

TEST(On, DrawsAnotherSuffixIfTheIdIsTaken) {
  Harness harness;  // its randomness starts anew with each run
  EXPECT_EQ(harness.run(on({"--all"})).code, 0);
  const Result second = harness.run(on({"--all"}));
  EXPECT_THAT(second.out, MatchesRegex("published all-[0-9a-f]{4} at revision 2.*\n"));
}

TEST(On, TakesAnAbsoluteEnd) {
  Harness harness;
  const Result result = harness.run(
      {"on", "--all", "--level", "Shape", "--expires-at", "2030-01-01T08:00:00Z", "--id", "x"});
  EXPECT_EQ(
      result.out,
      "published x at revision 1, expires 2030-01-01T08:00:00Z (in 8h)\napplied 1/1 in 0 ms\n");
}

TEST(On, TheAuthorIsTheUserUnlessGiven) {
  Harness harness;
  EXPECT_EQ(harness.run(on({"--all", "--author", "bob"})).code, 0);
  EXPECT_THAT(harness.etcd.current.bytes, HasSubstr(R"("author":"bob")"));
  for (const std::string& user : {std::string(), std::string(300, 'x')}) {
    harness.etcd.current = {};
    harness.variables["USER"] = user;
    EXPECT_EQ(harness.run(on({"--all"})).code, 0);
    EXPECT_THAT(harness.etcd.current.bytes, Not(HasSubstr("author")));
  }
}

TEST(On, RefusesAnIdThatIsOnAlready) {
  Harness harness;
  harness.etcd.put(kTwo);
  const Result result = harness.run(on({"--all", "--id", "a"}));
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("a is on already"));
  EXPECT_EQ(harness.etcd.current.bytes, kTwo);
}

TEST(On, PrunesWhatIsOverAndSaysSo) {
  Harness harness;
  harness.etcd.put(kTwo);
  harness.clock.advance(10min);  // a ends now
  const Result result = harness.run(on({"--all", "--id", "a"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("pruned because over: a\n"));
  EXPECT_THAT(harness.etcd.current.bytes, AllOf(HasSubstr(R"("id":"a","level":"ShapeTiming")"),
                                                Not(HasSubstr(R"("tenant":"x")"))));
}

TEST(On, TriesAgainWhenSomebodyElsePublishedInBetween) {
  Harness harness;
  harness.etcd.put(kTwo);
  harness.etcd.competing_edits = 3;
  const Result result = harness.run(on({"--all"}));
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(harness.etcd.publishes, 4);
  EXPECT_EQ(harness.sleeps, 3);
  EXPECT_THAT(result.out, HasSubstr("at revision 5"));
}

TEST(On, GivesUpWhenOthersNeverStopPublishing) {
  Harness harness;
  harness.etcd.competing_edits = 1000;
  const Result result = harness.run(on({"--all"}));
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("gave up after 8 attempts"));
  EXPECT_EQ(harness.etcd.current.bytes, R"({"directives":[]})");
}

TEST(On, DoesNotStartALifeAgainThatWasPutByHand) {
  Harness harness;
  harness.etcd.put(kRelative);
  const Result refused = harness.run(on({"--all"}));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("raw"), HasSubstr("--restart-ttl")));
  EXPECT_EQ(harness.etcd.current.bytes, kRelative);

  EXPECT_EQ(harness.run(on({"--all", "--restart-ttl"})).code, 0);
  EXPECT_THAT(harness.etcd.current.bytes,
              HasSubstr(R"("id":"raw","level":"Shape","expires_at":"2030-01-01T00:10:00Z")"));
}

TEST(On, SaysWhatIsWrongWithAMalformedDocument) {
  Harness harness;
  harness.etcd.put(kMalformed);
  const Result result = harness.run(on({"--all"}));
  EXPECT_EQ(result.code, 3);
  EXPECT_THAT(result.err, AllOf(HasSubstr("revision 1"), HasSubstr("zero_ttl"),
                                HasSubstr("osproxyctl off --all"), Not(HasSubstr("secret-id"))));
}

TEST(On, SaysThatEtcdCannotBeReached) {
  Harness harness;
  harness.etcd.fail_read = kUnavailable;
  EXPECT_EQ(harness.run(on({"--all"})).code, 5);
  harness.etcd.fail_read.reset();
  harness.etcd.fail_publish = kUnavailable;
  EXPECT_EQ(harness.run(on({"--all"})).code, 5);
  EXPECT_EQ(harness.etcd.publishes, 1);  // it may have been applied: not tried again
}

// off

TEST(Off, TakesDirectivesOffByTheirIds) {
  Harness harness;
  harness.etcd.put(kTwo);
  const Result result = harness.run({"off", "a"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "off at revision 2: a\napplied 1/1 in 0 ms\n");
  EXPECT_THAT(harness.etcd.current.bytes,
              AllOf(Not(HasSubstr(R"("id":"a")")), HasSubstr(R"("id":"b")")));
  EXPECT_EQ(harness.run({"off", "b", "b", "-o", "json"}).out,
            std::string(R"({"revision":3,"off":["b"],"pruned":[],"recorded":null,"not_asked":1)") +
                kAppliedJson);
}

TEST(Off, ListsWhatThereIsIfAnIdIsUnknownAndChangesNothing) {
  Harness harness;
  harness.etcd.put(kTwo);
  const Result result = harness.run({"off", "a", "nope"});
  EXPECT_EQ(result.code, 6);
  EXPECT_THAT(result.err, AllOf(HasSubstr("no directive nope"), HasSubstr("There are: a, b")));
  EXPECT_EQ(harness.etcd.current.bytes, kTwo);
  harness.etcd.current = {};
  EXPECT_THAT(harness.run({"off", "nope"}).err, HasSubstr("There are none"));
}

TEST(Off, TakesOffOneThatIsOverAndPrunesTheOthers) {
  Harness harness;
  harness.etcd.put(kTwo);
  harness.clock.advance(2h);
  const Result result = harness.run({"off", "a"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "off at revision 2: a\npruned because over: b\napplied 1/1 in 0 ms\n");
}

TEST(Off, TakesEverythingOff) {
  Harness harness;
  harness.etcd.put(kTwo);
  const Result result = harness.run({"off", "--all"});
  EXPECT_EQ(result.out, "off at revision 2: a, b\napplied 1/1 in 0 ms\n");
  EXPECT_EQ(harness.etcd.current.bytes, R"({"directives":[]})");
  EXPECT_EQ(harness.run({"off", "--all"}).out,
            "everything is off at revision 3\napplied 1/1 in 0 ms\n");
}

TEST(Off, TakesEverythingOffWhateverIsPublishedAndWhoeverPublishes) {
  Harness harness;
  harness.etcd.put(kMalformed);
  harness.etcd.competing_edits = 1;
  EXPECT_EQ(harness.run({"off", "--all"}).code, 0);
  EXPECT_EQ(harness.etcd.current.bytes, R"({"directives":[]})");
}

TEST(Off, MayTakeOffWhatWasPutByHandButNotRestartIt) {
  Harness harness;
  harness.etcd.put(kRelative);
  EXPECT_EQ(harness.run({"off", "b"}).code, 1);
  EXPECT_EQ(harness.run({"off", "raw"}).code, 0);
  EXPECT_THAT(harness.etcd.current.bytes, HasSubstr(R"("id":"b")"));
}

TEST(Off, SaysWhatWentWrong) {
  Harness harness;
  harness.etcd.put(kTwo);
  harness.etcd.competing_edits = 1000;
  EXPECT_EQ(harness.run({"off", "a"}).code, 4);
  harness.etcd.fail_publish = kUnavailable;
  EXPECT_EQ(harness.run({"off", "--all"}).code, 5);
  harness.etcd.fail_read = kUnavailable;
  EXPECT_EQ(harness.run({"off", "a"}).code, 5);
  EXPECT_EQ(harness.run({"off", "--all"}).code, 5);
}

// list

TEST(List, ShowsADirectiveALine) {
  Harness harness;
  harness.etcd.put(
      R"({"directives":[{"id":"a","level":"Shape","expires_at":"2030-01-01T00:10:00Z",)"
      R"("tenant":"acme","endpoint":"Search","sample_per_mille":5,"ring_buffer":true,)"
      R"("min_latency_ms":1000,"status":"5xx","max_records":9,"reason":"INC 1","author":"ana"},)"
      R"({"id":"old","level":"Off","expires_at":"2029-01-01T00:00:00Z"},)"
      R"({"id":"raw","level":"Shape","ttl_secs":60,"index":"i","principal":"p"}]})");
  const Result result = harness.run({"list"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(
      result.out,
      "revision 1\n"
      "ID   LEVEL  TARGET                       SAMPLE  ONLY              ENDS                 "
      "OUTPUTS       REASON  AUTHOR\n"
      "a    Shape  tenant=acme endpoint=Search  0.5%    >=1s, 5xx, max 9  in 10m               "
      "explain,ring  INC 1   ana\n"
      "old  Off    everything                   100%    -                 over                 "
      "explain       -       -\n"
      "raw  Shape  index=i principal=p          100%    -                 1m from first sight  "
      "explain       -       -\n");
}

TEST(List, ShowsThatThereIsNothing) {
  Harness harness;
  EXPECT_EQ(harness.run({"list"}).out, "revision 0\nno directives: nothing is recorded\n");
}

TEST(List, PrintsTheDocumentWithItsRevisionAsJson) {
  Harness harness;
  harness.etcd.put(kTwo);
  EXPECT_EQ(
      harness.run({"list", "--output", "json"}).out,
      "{\"revision\":1," + std::string(kTwo.substr(1, kTwo.size() - 2)) + ",\"thinned\":[]}\n");
}

TEST(List, ShowsWhatIsThinnedAndWhere) {
  Harness harness;
  harness.etcd.put(kTwo);
  InstanceAck ack{.instance = "proxy-1", .revision = 1, .state = "synced"};
  ack.thinned = {
      {.id = "a", .since = WallTime{1'900'000'000s}, .reason = "over budget: 3 records/s"},
      {.id = "gone", .since = WallTime{}, .reason = "x"}};
  harness.etcd.fleet =
      Fleet{.revision = 1, .members = {judge_member(ack, {.revision = 1, .seen = 1})}};
  EXPECT_THAT(harness.run({"list"}).out,
              HasSubstr("\nthinned: a at proxy-1 since 2030-03-17T17:46:40Z: over budget: 3 "
                        "records/s\n"));
  EXPECT_THAT(
      harness.run({"list", "--output", "json"}).out,
      HasSubstr(R"("thinned":[{"id":"a","instance":"proxy-1",)"
                R"("since":"2030-03-17T17:46:40Z","reason":"over budget: 3 records/s"}]})"));
}

TEST(List, SaysThatWhatIsThinnedIsNotKnown) {
  Harness harness;
  harness.etcd.put(kTwo);
  harness.etcd.fleet = std::unexpected("permission denied");
  const Result result = harness.run({"list", "--output", "json"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr(R"("thinned":null})"));
  EXPECT_EQ(result.err,
            "osproxyctl list: the thinned directives are not known: permission denied\n");
}

TEST(List, DoesNotLetADocumentDriveTheTerminal) {
  Harness harness;
  harness.etcd.put(
      "{\"directives\":[{\"id\":\"a\",\"level\":\"Off\",\"ttl_secs\":1,"
      "\"tenant\":\"\\u001b[2J\\u009b\\n\"}]}");
  const Result result = harness.run({"list"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("tenant=?[2J?? "), Not(HasSubstr("\x1b")),
                                Not(HasSubstr("\xC2\x9B"))));
}

TEST(List, SaysWhatWentWrong) {
  Harness harness;
  harness.etcd.put(kMalformed);
  EXPECT_EQ(harness.run({"list"}).code, 3);
  harness.etcd.fail_read = kUnavailable;
  EXPECT_EQ(harness.run({"list"}).code, 5);
}

}  // namespace
}  // namespace osproxy::cli
