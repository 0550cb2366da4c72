// Contexts: named fleets in a file, and which of their values a command uses.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/fake_admin.h"
#include "tests/cli/harness.h"
#include "tests/support/temp_dir.h"

namespace osproxy::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kTwo[] = R"(# two fleets
[prod]
endpoints = ["etcd-1:2379", "etcd-2:2379"]
key = "prod/directives"
etcd-user = "ana"
etcd_password_file = "~/password"

[staging.eu]
admin = "http://127.0.0.1:1"
)";

class ContextTest : public testing::Test {
 protected:
  ContextTest() {
    fs::create_directory(folder());
    write(kTwo);
    std::ofstream(home.path() / "password") << "secret\n";
    harness.variables = {{"XDG_CONFIG_HOME", home.path().string()}, {"HOME", home.path().string()}};
  }

  fs::path folder() const { return home.path() / "osproxyctl"; }
  fs::path file() const { return folder() / "config.toml"; }

  void write(const std::string& text) {
    std::ofstream(file()) << text;
    fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
  }

  Result run(const std::vector<std::string>& arguments) { return harness.run_bare(arguments); }

  TempDir home;
  Harness harness;
};

TEST_F(ContextTest, AContextGivesTheConnection) {
  const Result result = run({"list", "--context", "prod"});
  EXPECT_EQ(result.code, 0) << result.err;
  const EtcdTarget& target = harness.etcd.access->target;
  EXPECT_EQ(target.endpoints, (std::vector<std::string>{"etcd-1:2379", "etcd-2:2379"}));
  EXPECT_EQ(target.key, "prod/directives");
  EXPECT_EQ(target.credentials.user, "ana");
  EXPECT_EQ(target.credentials.password_file, (home.path() / "password").string());
}

TEST_F(ContextTest, UseChoosesTheCurrentOne) {
  EXPECT_THAT(run({"context", "use", "prod"}).out, HasSubstr("the context prod from now on"));
  EXPECT_EQ(run({"list"}).code, 0);
  EXPECT_EQ(harness.etcd.access->target.key, "prod/directives");
  EXPECT_EQ(run({"context", "list"}).out,
            "CURRENT  NAME        TARGET\n"
            "*        prod        etcd-1:2379,etcd-2:2379\n"
            "         staging.eu  http://127.0.0.1:1\n");
  harness.variables["OSPROXYCTL_CONTEXT"] = "staging.eu";
  EXPECT_THAT(run({"list"}).err, HasSubstr("http://127.0.0.1:1: connection refused"));
  EXPECT_THAT(run({"context", "list", "-o", "json"}).out,
              AllOf(HasSubstr(R"("current":"staging.eu")"),
                    HasSubstr(R"({"name":"staging.eu","admin":"http://127.0.0.1:1"})")));
}

TEST_F(ContextTest, FlagsBeatVariablesAndBothBeatTheCurrentContext) {
  run({"context", "use", "prod"});
  harness.variables["OSPROXYCTL_KEY"] = "of/variable";
  run({"list"});
  EXPECT_EQ(harness.etcd.access->target.key, "of/variable");
  run({"list", "--key", "of/flag"});
  EXPECT_EQ(harness.etcd.access->target.key, "of/flag");
  run({"list", "--context", "prod"});
  EXPECT_EQ(harness.etcd.access->target.key, "prod/directives");
}

// The credentials of one fleet must not go to another one.
TEST_F(ContextTest, ATargetOfAFlagOrVariableSetsTheContextAside) {
  run({"context", "use", "prod"});
  run({"list", "--endpoints", "other:2379"});
  EXPECT_EQ(harness.etcd.access->target.key, kDefaultEtcdKey);
  EXPECT_EQ(harness.etcd.access->target.credentials.user, "");
  harness.variables["OSPROXYCTL_ENDPOINTS"] = "third:2379";
  run({"list"});
  EXPECT_EQ(harness.etcd.access->target.endpoints, std::vector<std::string>{"third:2379"});
  EXPECT_EQ(harness.etcd.access->target.credentials.user, "");
  EXPECT_THAT(run({"list", "--context", "prod", "--endpoints", "x:1"}).err,
              HasSubstr("--context names the fleet"));
}

TEST_F(ContextTest, ItsTokenGoesToItsInstances) {
  const FakeAdmin admin([](const FakeRequest&) { return json_response(404, "{}"); });
  std::ofstream(home.path() / "token") << "secret\n";
  write("[a]\nadmin = \"" + admin.url() + "\"\ntoken-file = \"~/token\"\n");
  run({"list", "--context", "a"});
  ASSERT_EQ(admin.requests().size(), 1U);
  EXPECT_EQ(admin.requests()[0].authorization, "Bearer secret");
}

class ContextTlsTest : public ContextTest {
 protected:
  ContextTlsTest() {
    std::ofstream(home.path() / "none.pem") << "no certificate\n";
    write(
        "[a]\nadmin = \"https://127.0.0.1:1\"\nca-file = \"~/none.pem\"\n"
        "[b]\nadmin = \"https://127.0.0.1:1\"\ncert-file = \"~/cert.pem\"\n"
        "[c]\nendpoints = \"etcd:2379\"\nfleet = true\nca-file = \"missing.pem\"\n");
  }
};

TEST_F(ContextTlsTest, ItsFilesAreThoseOfTheConnection) {
  EXPECT_THAT(run({"list", "--context", "a"}).err,
              HasSubstr("--ca-file: the file holds no certificate in PEM format (context a)"));
  EXPECT_THAT(run({"top", "--context", "c"}).err,
              AllOf(HasSubstr("--ca-file: the file cannot be read"), HasSubstr("(context c)")));
}

TEST_F(ContextTlsTest, ACertificateNeedsItsKey) {
  std::ofstream(home.path() / "cert.pem") << "no certificate\n";
  EXPECT_THAT(run({"list", "--context", "b"}).err,
              HasSubstr("--cert-file and --key-file go together"));
}

TEST_F(ContextTlsTest, AFlagBeatsItsFile) {
  EXPECT_THAT(run({"list", "--context", "a", "--ca-file", "/no/such.pem"}).err,
              HasSubstr("--ca-file: the file cannot be read"));
}

// Nobody else's listener gets the fleet's certificate.
TEST_F(ContextTlsTest, AnotherTargetLeavesItsFilesOut) {
  run({"context", "use", "a"});
  EXPECT_THAT(run({"list", "--admin", refusing_url()}).err, HasSubstr("connection refused"));
}

TEST_F(ContextTest, WithFleetCommandsAskAllInstances) {
  write("[a]\nendpoints = \"etcd:2379\"\nfleet = true\n");
  harness.etcd.fleet = Fleet{};
  EXPECT_THAT(run({"top", "--context", "a"}).err, HasSubstr("the fleet has no instances"));
  write("[a]\nendpoints = \"etcd:2379\"\n");
  EXPECT_THAT(run({"top", "--context", "a"}).err,
              HasSubstr("context a has no admin, which this command needs"));
}

TEST_F(ContextTest, NoFileIsNoContext) {
  fs::remove(file());
  EXPECT_THAT(run({"list"}).err, HasSubstr("http://127.0.0.1:9901"));
  EXPECT_THAT(run({"context", "list"}).out, HasSubstr("no contexts"));
  EXPECT_EQ(run({"context", "use", "prod"}).code, 6);
  EXPECT_EQ(run({"list", "--context", "prod"}).code, 2);
}

TEST_F(ContextTest, RefusesAFileThatOthersCanWrite) {
  fs::permissions(file(), fs::perms::others_write, fs::perm_options::add);
  const Result result = run({"list", "--context", "prod"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("others can write or replace it; chmod 600 it"));
}

TEST_F(ContextTest, ABrokenFileHidesNoVersionAndNoHelp) {
  write("this is no TOML");
  EXPECT_EQ(run({"list"}).code, 2);
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"version"},
                                             {"version", "--client"},
                                             {"help"},
                                             {"help", "on"},
                                             {"completion", "bash"}}) {
    const Result result = run(command);
    EXPECT_EQ(result.code, 0) << command.front() << ": " << result.err;
    EXPECT_FALSE(result.out.empty()) << command.front();
  }
  EXPECT_THAT(run({"version"}).err, HasSubstr("no instance was asked"));
  EXPECT_EQ(run({"version", "--context", "prod"}).code, 2);
}

struct BadFile {
  const char* name;
  std::string text;
  std::string reason;
};

class ContextFault : public ContextTest, public testing::WithParamInterface<BadFile> {};

TEST_P(ContextFault, IsNamed) {
  write(GetParam().text);
  const Result result = run({"list", "--context", "prod"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Table, ContextFault,
    testing::Values(BadFile{"Context", "[prd]\nkey = \"k\"\n",
                            "--context: there is no context prod in"},
                    BadFile{"Name", "[prod]\nendpoint = \"k\"\n",
                            "[prod] has no endpoint; did you mean endpoints?"},
                    BadFile{"Twice", "[prod]\nkey = \"a\"\nkey = \"b\"\n", "[prod] takes one key"},
                    BadFile{"NoTable", "key = \"a\"\n", "key stands in no table"},
                    BadFile{"NoTarget", "[prod]\nkey = \"a\"\n", "context prod has no admin"},
                    BadFile{"Fleet", "[prod]\nendpoints = \"a:1\"\nfleet = \"yes\"\n",
                            "context prod: fleet must be true or false"},
                    BadFile{"Value", "[prod]\nendpoints = \"a:b\"\n", "(context prod)"}),
    [](const auto& chosen) { return chosen.param.name; });

}  // namespace
}  // namespace osproxy::cli
