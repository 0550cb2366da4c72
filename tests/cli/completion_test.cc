// Candidates of `osproxyctl __complete`, as the shells' scripts ask for them.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/version.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using Words = std::vector<std::string>;

constexpr char kTwo[] = R"({"directives":[
  {"id":"acme-1","level":"Shape","expires_at":"2030-01-01T00:10:00Z"},
  {"id":"globex-1","level":"Off","expires_at":"2030-01-01T00:10:00Z"},
  {"id":"a b; rm -rf x","level":"Off","expires_at":"2030-01-01T00:10:00Z"}]})";

// The candidates without their descriptions.
Words complete(Harness& harness, Words words) {
  words.insert(words.begin(), "__complete");
  const Result result = harness.run_bare(std::move(words));
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, IsEmpty());
  Words candidates;
  std::size_t at = 0;
  while (at < result.out.size()) {
    candidates.push_back(result.out.substr(at, result.out.find('\t', at) - at));
    at = result.out.find('\n', at) + 1;
  }
  return candidates;
}

TEST(Complete, CommandsAndTheirSubcommands) {
  Harness harness;
  EXPECT_THAT(complete(harness, {"of"}), ElementsAre("off"));
  EXPECT_THAT(complete(harness, {""}), IsSupersetOf({"on", "off", "help", "version"}));
  EXPECT_THAT(complete(harness, {"context", ""}), ElementsAre("list", "use"));
  EXPECT_THAT(complete(harness, {"help", "pl"}), ElementsAre("plan"));
  EXPECT_THAT(complete(harness, {"help", "plan", ""}), IsEmpty());
  EXPECT_THAT(complete(harness, {"nothing", ""}), Not(IsEmpty()));
}

TEST(Complete, FlagsOfTheCommand) {
  Harness harness;
  EXPECT_THAT(complete(harness, {"on", "--min-"}),
              ElementsAre("--min-latency", "--min-failed-items"));
  EXPECT_THAT(complete(harness, {"capture", "replay", "--dry"}), ElementsAre("--dry-run"));
  EXPECT_THAT(complete(harness, {"list", "--min-"}), IsEmpty());
}

TEST(Complete, ValuesThatAreKnown) {
  Harness harness;
  EXPECT_THAT(complete(harness, {"on", "--level", "ShapeT"}), ElementsAre("ShapeTiming"));
  EXPECT_THAT(complete(harness, {"on", "--level=Of"}), ElementsAre("--level=Off"));
  EXPECT_THAT(complete(harness, {"on", "--all", "--endpoint", "Multi"}),
              ElementsAre("MultiSearch", "MultiGet"));
  EXPECT_THAT(complete(harness, {"list", "-o", ""}), ElementsAre("text", "json", "yaml"));
  EXPECT_THAT(complete(harness, {"top", "--sort", "p"}), ElementsAre("p99"));
  EXPECT_THAT(complete(harness, {"top", "--by", "tenant,pri"}), ElementsAre("tenant,principal"));
  EXPECT_THAT(complete(harness, {"completion", "z"}), ElementsAre("zsh"));
  EXPECT_THAT(complete(harness, {"publish", "x"}), ElementsAre(":files"));
  EXPECT_THAT(complete(harness, {"list", "--token-file", ""}), ElementsAre(":files"));
  EXPECT_THAT(complete(harness, {"on", "--reason", ""}), IsEmpty());
}

TEST(Complete, IdsOfTheFleetThatTheWordsName) {
  Harness harness;
  harness.etcd.put(kTwo);
  const Words etcd{"--endpoints", "127.0.0.1:2379", "--key", "k"};
  const auto off = [&](Words more) {
    Words words{"off"};
    words.insert(words.end(), etcd.begin(), etcd.end());
    words.insert(words.end(), more.begin(), more.end());
    return complete(harness, words);
  };
  EXPECT_THAT(off({"ac"}), ElementsAre("acme-1"));
  EXPECT_EQ(harness.etcd.access->target.key, "k");
  EXPECT_THAT(off({"acme-1", ""}), ElementsAre("globex-1")) << "a given id is not given again";
}

TEST(Complete, WordsThatAShellWouldRunAreLeftOut) {
  Harness harness;
  harness.etcd.put(kTwo);
  const Words ids = complete(harness, {"off", "--endpoints", "127.0.0.1:2379", ""});
  EXPECT_THAT(ids, ElementsAre("acme-1", "globex-1"));
}

TEST(Complete, AFleetThatIsNotReachableGivesNoCandidates) {
  Harness harness;
  harness.etcd.connect_error = "connection refused";
  EXPECT_THAT(complete(harness, {"off", "--endpoints", "127.0.0.1:2379", ""}), IsEmpty());
  EXPECT_THAT(complete(harness, {"on", "--tenant", ""}), IsEmpty());
}

TEST(Complete, OddWordsDoNoHarm) {
  Harness harness;
  EXPECT_THAT(complete(harness, {}), IsEmpty());
  EXPECT_THAT(complete(harness, {"on", "--no-such", ""}), IsEmpty());
  EXPECT_THAT(complete(harness, {"on", "--no-such="}), IsEmpty());
  EXPECT_THAT(complete(harness, {"--", "="}), IsEmpty());
  EXPECT_THAT(complete(harness, {"list", "--endpoints", ""}), IsEmpty());
}

TEST(Completion, PrintsTheScriptOfAShell) {
  Harness harness;
  for (const char* const shell : {"bash", "zsh", "fish"}) {
    const Result result = harness.run_bare({"completion", shell});
    EXPECT_EQ(result.code, 0);
    EXPECT_THAT(result.out, HasSubstr("__complete"));
  }
  EXPECT_EQ(harness.run_bare({"completion", "tcsh"}).code, 2);
}

TEST(Version, OfTheProgramAlone) {
  Harness harness;
  const Result text = harness.run_bare({"version", "--client"});
  EXPECT_EQ(text.code, 0);
  EXPECT_THAT(text.out, HasSubstr(kVersion));
  const Result json = harness.run_bare({"version", "--client", "-o", "json"});
  EXPECT_EQ(json.out, std::string(R"({"osproxyctl":")") + kVersion + "\",\"instances\":[]}\n");
}

TEST(Version, AnInstanceThatIsNotReachableIsNamed) {
  Harness harness;
  const Result result = harness.run_bare({"version", "--admin", "http://127.0.0.1:1"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.out, HasSubstr(kVersion));
  EXPECT_THAT(result.err, HasSubstr("http://127.0.0.1:1"));
}

}  // namespace
}  // namespace osproxy::cli
