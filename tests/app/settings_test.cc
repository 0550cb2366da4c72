#include "osproxy/app/settings/settings.h"

#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace osproxy::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Environment = std::map<std::string, std::string>;

std::expected<Settings, SettingsExit> read(std::vector<std::string> arguments,
                                           Environment environment = {}) {
  return read_settings({.arguments = std::move(arguments),
                        .environment = [environment = std::move(environment)](
                                           const std::string& name) -> std::optional<std::string> {
                          const auto found = environment.find(name);
                          if (found == environment.end()) return std::nullopt;
                          return found->second;
                        }});
}

std::string error_of(std::vector<std::string> arguments, Environment environment = {}) {
  const auto settings = read(std::move(arguments), std::move(environment));
  if (settings) return "accepted";
  EXPECT_EQ(settings.error().exit_code, 2);
  return settings.error().text;
}

const std::string kUpstream = "--upstream=http://127.0.0.1:9200";

TEST(Settings, TakesAnAdminUrlThatOthersCanReach) {
  const auto advertised = [](const std::string& text) {
    return read({kUpstream, "--admin-advertise", text}).value().admin.advertise;
  };
  EXPECT_EQ(advertised("proxy-1:9901"), "proxy-1:9901");  // the scheme comes later
  EXPECT_EQ(advertised("http://10.0.0.7"), "http://10.0.0.7:80");
  EXPECT_EQ(advertised("https://10.0.0.7"), "https://10.0.0.7:443");
  EXPECT_EQ(advertised("[2001:db8::7]:9901"), "[2001:db8::7]:9901");
  for (const char* text : {"ftp://proxy-1:9901", "proxy-1", "0.0.0.0:9901", "proxy-1:0",
                           "http://u:p@proxy-1:1", "http://proxy-1:1/x", "file:///etc/passwd"}) {
    EXPECT_THAT(error_of({kUpstream, "--admin-advertise", text}), HasSubstr("--admin-advertise"))
        << text;
  }
}

TEST(Settings, NeedNothingButAnUpstream) {
  const auto settings = read({"--upstream", "http://127.0.0.1:9200"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->server.listen.to_string(), "127.0.0.1:8080");
  EXPECT_EQ(settings->admin.listen.to_string(), "127.0.0.1:9901");
  EXPECT_EQ(settings->server.upstream.nodes[0].to_string(), "http://127.0.0.1:9200");
  EXPECT_TRUE(settings->document.etcd.target.endpoints.empty());
  EXPECT_GE(settings->server.workers, 1u);
  EXPECT_FALSE(settings->instance.empty());
  EXPECT_THAT(error_of({}), HasSubstr("--upstream is missing"));
}

TEST(Settings, TakeListsWithCommasAndByRepetition) {
  const auto settings = read({"--upstream", "http://a:1,http://b:2", "--upstream", "http://c:3",
                              "--etcd-endpoints", "e1:2379,http://e2:2379"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->server.upstream.nodes.size(), 3u);
  EXPECT_THAT(settings->document.etcd.target.endpoints, ElementsAre("e1:2379", "e2:2379"));
}

TEST(Settings, AFlagGoesOverTheEnvironmentOverTheFile) {
  const TempDir dir;
  const std::string path = (dir.path() / "osproxy.toml").string();
  std::ofstream(path) << "upstream = [\"http://file:1\", \"http://file:2\"]\n"
                         "workers = 3\netcd_key = \"from/file\"\nidle-timeout = \"9s\"\n";
  const auto settings = read({"--config", path, "--workers", "5"},
                             {{"OSPROXY_WORKERS", "4"}, {"OSPROXY_ETCD_KEY", "from/environment"}});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->server.workers, 5u);
  EXPECT_EQ(settings->document.etcd.target.key, "from/environment");
  EXPECT_EQ(settings->server.idle_timeout, 9s);
  EXPECT_EQ(settings->server.upstream.nodes.size(), 2u);
}

TEST(Settings, PublishAnAddressThatCanBeConnectedTo) {
  const auto settings = read({kUpstream, "--publish-address", "lb.example:9200"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->server.publish_address->to_string(), "lb.example:9200");
  EXPECT_FALSE(read({kUpstream})->server.publish_address);
  for (const char* wrong : {"lb.example", "lb.example:0", "0.0.0.0:9200", "[::]:9200"}) {
    EXPECT_THAT(error_of({kUpstream, "--publish-address", wrong}), HasSubstr("--publish-address"));
  }
}

TEST(Settings, TakeTheTenantFromOnePlaceOnly) {
  const auto settings = read({kUpstream, "--tenant-index", "{tenant}-*"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->tenant->find_in_index("acme-1"), "acme");
  EXPECT_FALSE(read({kUpstream})->tenant);
  const auto none = read({kUpstream}, {{"OSPROXY_TENANT_HEADER", ""}});
  ASSERT_TRUE(none && none->tenant);
  EXPECT_EQ(none->tenant->place(), TenantRule::Place::None);
  EXPECT_THAT(error_of({kUpstream, "--tenant-index", "{tenant}-*", "--tenant-header", "X-Org"}),
              HasSubstr("another setting names the tenant already"));
  EXPECT_THAT(error_of({kUpstream, "--tenant-path", "/t"}),
              HasSubstr("--tenant-path (from the command line) is \"/t\": it must be a path"));
}

TEST(Settings, BoundTheConnectionsOfOneClientUnlessItIsAProxy) {
  const auto settings = read({kUpstream, "--max-connections-per-client", "20", "--trusted-proxies",
                              "10.0.0.0/8,::1", "--trusted-proxies", "192.0.2.7"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->server.connections_of_one(), 20U);
  EXPECT_EQ(settings->server.trusted_proxies.size(), 3U);
  EXPECT_EQ(read({kUpstream})->server.connections_of_one(), 8'750U);
  EXPECT_EQ(read({kUpstream, "--max-connections-per-client=0"})->server.connections_of_one(), 0U);
  EXPECT_THAT(error_of({kUpstream, "--trusted-proxies", "10.0.0.1/8"}),
              HasSubstr("the address has bits that are not part of its prefix"));
}

TEST(Settings, NameThePartsOfAClientThatAreKept) {
  EXPECT_EQ(read({kUpstream})->server.client_fields, ClientFields{});
  EXPECT_EQ(read({kUpstream, "--client-fields=agent,address"})->server.client_fields,
            (ClientFields{.address = true, .agent = true, .opaque_id = false}));
  EXPECT_EQ(read({kUpstream, "--client-fields", "none"})->server.client_fields,
            (ClientFields{.address = false, .agent = false, .opaque_id = false}));
  for (const char* bad : {"addresses", "none,agent", "opaque id", ""}) {
    EXPECT_THAT(error_of({kUpstream, "--client-fields", bad}),
                HasSubstr("it must be a list of address, agent and opaque_id, or none"))
        << bad;
  }
}

TEST(Settings, GiveTheRecorderRoomForEachWorker) {
  const auto with = [](const char* bytes) {
    return std::vector<std::string>{kUpstream, "--workers=4", "--recorder-bytes", bytes};
  };
  EXPECT_EQ(read(with("0"))->flight.bytes, 0U);
  EXPECT_EQ(read(with("262144"))->flight.bytes, 262'144U);
  EXPECT_THAT(error_of(with("262143")),
              HasSubstr("--recorder-bytes is 262143: the flight recorder needs 65536 for each "
                        "worker, 262144 in all; 0 turns it off"));
  EXPECT_THAT(error_of({kUpstream, "--slow-after", "99999d"}), HasSubstr("at most 100 years"));
}

TEST(Settings, TakeThePROXYProtocolFromTrustedProxiesOnly) {
  EXPECT_EQ(read({kUpstream})->server.proxy_protocol, ProxyProtocol::Off);
  EXPECT_EQ(read({kUpstream, "--proxy-protocol=required", "--trusted-proxies=10.0.0.0/8"})
                ->server.proxy_protocol,
            ProxyProtocol::Required);
  EXPECT_THAT(error_of({kUpstream, "--proxy-protocol", "required"}),
              HasSubstr("--proxy-protocol=required needs --trusted-proxies"));
}

TEST(Settings, SayWhichRequestsGetAnIdOfOsproxy) {
  const auto usual = read({kUpstream});
  EXPECT_EQ(usual->server.upstream_ids.opaque_id, IdPolicy::Selected);
  EXPECT_EQ(usual->server.upstream_ids.request_id, IdPolicy::Selected);
  const auto settings = read({kUpstream, "--opaque-id=off", "--forward-request-id=all"});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->server.upstream_ids.opaque_id, IdPolicy::Off);
  EXPECT_EQ(settings->server.upstream_ids.request_id, IdPolicy::All);
  EXPECT_THAT(error_of({kUpstream, "--opaque-id=some"}),
              HasSubstr("it must be off, selected or all"));
}

TEST(Settings, CheckTheFilesOfPrincipalsBeforeAnythingIsOpened) {
  const TempDir dir;
  const std::string path = (dir.path() / "principals").string();
  std::ofstream(path) << "ana hunter2\n";
  const std::string error = error_of({kUpstream, "--known-tokens-file", path});
  EXPECT_THAT(error, HasSubstr("line 1 of the token file does not end in a SHA-256"));
  EXPECT_THAT(error, testing::Not(HasSubstr("hunter2")));
  const auto settings = read({kUpstream, "--principal-tenants-file", path});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->tenant->place(), TenantRule::Place::Principal);
  EXPECT_THAT(error_of({kUpstream, "--known-tokens-file", path + ".not"}),
              HasSubstr("it must be a file that can be read"));
}

TEST(Settings, TheFileMayBeNamedByTheEnvironment) {
  const TempDir dir;
  const std::string path = (dir.path() / "osproxy.toml").string();
  std::ofstream(path) << "upstream = \"http://file:1\"\n";
  const auto settings = read({}, {{"OSPROXY_CONFIG", path}});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->server.upstream.nodes[0].to_string(), "http://file:1");
}

TEST(Settings, AnErrorNamesTheSettingItsSourceAndWhatIsRight) {
  EXPECT_EQ(error_of({kUpstream, "--workers", "many"}),
            "osproxy: --workers (from the command line) is \"many\": it must be a whole number "
            "from 1 to 256\n");
  EXPECT_EQ(error_of({kUpstream}, {{"OSPROXY_LISTEN", "8080"}}),
            "osproxy: --listen (from OSPROXY_LISTEN) is \"8080\": the port is missing, as in "
            "localhost:8080\n");
  const TempDir dir;
  const std::string path = (dir.path() / "osproxy.toml").string();
  std::ofstream(path) << "drain-timeout = \"soon\"\n";
  EXPECT_EQ(error_of({kUpstream, "--config", path}),
            "osproxy: --drain-timeout (from " + path +
                ") is \"soon\": it must be a duration greater than zero, as in 500ms, 5s or "
                "1h30m, of at most 100 years\n");
}

TEST(Settings, EachBadValueIsRefused) {
  for (const char* bad : {"--listen=nowhere",
                          "--upstream=127.0.0.1:9200",
                          "--upstream=ftp://a",
                          "--workers=0",
                          "--tls-client-auth=x",
                          "--tls-client-ca-file=/nonexistent",
                          "--upstream-tls-verify=",
                          "--principal-from-cert=dn",
                          "--workers=257",
                          "--workers=",
                          "--workers=-1",
                          "--tenant-header=a b",
                          "--max-connections=0",
                          "--connect-timeout=0s",
                          "--response-timeout=5",
                          "--idle-timeout=",
                          "--admin-listen=:1",
                          "--admin-token-file=/nonexistent",
                          "--instance=",
                          "--etcd-endpoints=https://e",
                          "--etcd-endpoints=e:x",
                          "--etcd-key=",
                          "--etcd-user=",
                          "--etcd-ca-file=/nonexistent",
                          "--directives-file=",
                          "--max-life=1ms",
                          "--explain-records=x",
                          "--explain-bytes=-1",
                          "--ring-records=1e3",
                          "--why-requests=-1",
                          "--record-log=",
                          "--record-log=/nonexistent/records",
                          "--record-log=/",
                          "--capture-dir=/etc/passwd",
                          "--capture-file-bytes=1",
                          "--capture-files=0",
                          "--capture-body-bytes=-1",
                          "--capture-memory-bytes=0",
                          "--capture-secret-headers=a b",
                          "--capture-credentials=yes",
                          "--log-level=loud",
                          "--request-timeout=x",
                          "--upstream-connections=0",
                          "--upstream-waiting=-1",
                          "--upstream-wait-timeout=0s",
                          "--upstream-idle-timeout=",
                          "--resolve-interval=0s",
                          "--eject-after=x",
                          "--health-check-path=x",
                          "--health-check-path=/a b",
                          "--health-check-interval=0s",
                          "--health-check-timeout=",
                          "--unhealthy-after=0",
                          "--healthy-after=0",
                          "--unknown=1",
                          "stray"}) {
    const std::string text = error_of({kUpstream, bad});
    const std::string_view name(bad);
    EXPECT_THAT(text, HasSubstr(name.substr(0, name.find('=')))) << bad;
  }
}

TEST(Settings, TheLimitOfAWholeRequestMayBeNone) {
  EXPECT_EQ(read({kUpstream})->server.request_timeout, 0ms);
  EXPECT_EQ(read({kUpstream, "--request-timeout=10m"})->server.request_timeout, 10min);
  EXPECT_EQ(read({kUpstream, "--request-timeout=0s"})->server.request_timeout, 0ms);
}

TEST(Settings, ASingleValueGivenTwiceIsRefused) {
  EXPECT_THAT(error_of({kUpstream, "--workers", "1", "--workers", "2"}),
              HasSubstr("--workers (from the command line) takes one value, not 2"));
}

TEST(Settings, AFileWithAnUnknownNameIsRefused) {
  const TempDir dir;
  const std::string path = (dir.path() / "osproxy.toml").string();
  std::ofstream(path) << "upstreem = \"http://a:1\"\n";
  EXPECT_THAT(error_of({"--config", path}),
              HasSubstr("upstreem is not a setting; did you mean upstream?"));
  std::ofstream(path) << "[etcd]\nkey = \"a\"\n";
  EXPECT_THAT(error_of({"--config", path}), HasSubstr("[etcd] is not a setting\n"));
  EXPECT_THAT(error_of({"--config", "/nonexistent"}), HasSubstr("--config: /nonexistent"));
}

TEST(Settings, AnUnknownFlagIsRefusedWithTheNearestOne) {
  EXPECT_EQ(error_of({kUpstream, "--upsteam", "http://a:1"}),
            "osproxy: --upsteam is not a setting; did you mean --upstream?\n"
            "Try osproxy --help.\n");
  EXPECT_THAT(error_of({kUpstream, "--tls-cert=a"}),
              HasSubstr("--tls-cert is not a setting; did you mean --tls-cert-file?"));
  EXPECT_EQ(error_of({kUpstream, "--xyzzy"}),
            "osproxy: --xyzzy is not a setting\nTry osproxy --help.\n");
  EXPECT_THAT(error_of({"http://a:1"}), HasSubstr("http://a:1 is not expected\n"));
  EXPECT_THAT(error_of({"hlep"}), HasSubstr("did you mean help?"));
  EXPECT_THAT(error_of({"tls"}), HasSubstr("did you mean osproxy help tls?"));
}

TEST(Settings, CertificatesAndKeysGoInPairs) {
  const auto pairs = "--tls-cert-file and --tls-key-file go together";
  EXPECT_THAT(error_of({kUpstream, "--tls-cert-file", "a,b", "--tls-key-file", "a"}),
              HasSubstr(pairs));
  EXPECT_THAT(error_of({kUpstream, "--tls-key-file", "a"}), HasSubstr(pairs));
  EXPECT_THAT(error_of({kUpstream, "--tls-cert-file", "/nowhere", "--tls-key-file", "/nowhere"}),
              HasSubstr("--tls-cert-file: \"/nowhere\" cannot be read"));
  EXPECT_THAT(error_of({"--upstream=https://a", "--upstream-cert-file=/dev/null"}),
              HasSubstr("--upstream-cert-file and --upstream-key-file go together"));
}

TEST(Settings, WhomTlsBelievesIsSaidWhereItMatters) {
  EXPECT_THAT(error_of({kUpstream, "--tls-client-auth=required"}),
              HasSubstr("--tls-client-auth needs --tls-cert-file"));
  EXPECT_THAT(error_of({kUpstream, "--tls-client-ca-file=/dev/null"}),
              HasSubstr("--tls-client-ca-file goes with --tls-client-auth"));
  EXPECT_THAT(error_of({kUpstream, "--upstream-ca-file=/dev/null"}),
              HasSubstr("go with an https:// --upstream only"));
  EXPECT_THAT(error_of({"--upstream=https://a", "--upstream-ca-file=/dev/null"}),
              HasSubstr("--upstream-ca-file: \"/dev/null\" holds no certificate"));
  EXPECT_THAT(error_of({"--upstream=https://a", "--upstream-ca-file=/dev/null",
                        "--upstream-tls-verify=off"}),
              HasSubstr("exclude each other"));
  const auto mixed = read({"--upstream=https://a,http://b"});
  ASSERT_TRUE(mixed) << mixed.error().text;
  EXPECT_TRUE(mixed->server.upstream.nodes[0].tls);
  EXPECT_EQ(mixed->server.upstream.nodes[0].address.port, 443);
  EXPECT_TRUE(mixed->tls.upstream.verify);
}

TEST(Settings, CredentialsForEtcdGoTogetherAndWithEndpoints) {
  const TempDir dir;
  const std::string file = (dir.path() / "password").string();
  std::ofstream(file) << "secret\n";
  const auto settings = read({kUpstream, "--etcd-endpoints", "https://e1:2379/,https://e2:2379",
                              "--etcd-user", "ana", "--etcd-password-file", file});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_THAT(settings->document.etcd.target.endpoints,
              ElementsAre("https://e1:2379", "https://e2:2379"));
  EXPECT_EQ(settings->document.etcd.target.credentials,
            (EtcdCredentials{.user = "ana", .password_file = file}));

  EXPECT_THAT(error_of({kUpstream, "--etcd-user", "ana", "--etcd-password-file", file}),
              HasSubstr("--etcd-endpoints is missing"));
  EXPECT_THAT(error_of({kUpstream, "--etcd-endpoints", "e:1", "--etcd-user", "ana"}),
              HasSubstr("belong together"));
  EXPECT_THAT(error_of({kUpstream, "--etcd-endpoints", "e:1", "--etcd-ca-file", file}),
              HasSubstr("without TLS"));
  EXPECT_THAT(error_of({kUpstream, "--etcd-endpoints", "https://e:1", "--etcd-ca-file", file}),
              HasSubstr("holds no certificate"));
}

TEST(Settings, NoErrorShowsASecret) {
  const std::string secret = "S3CR3T-0123456789";
  const std::vector<std::vector<std::string>> given{
      {"--otlp-headers", "api key " + secret},
      {"--otlp-headers", "api-key=%zz" + secret},
      {"--upstream", "http://admin:" + secret + "@127.0.0.1:1"},
      {"--etcd-endpoints", "http://u:" + secret + "@127.0.0.1:1"},
      {"--otlp-endpoint", "http://u:" + secret + "@127.0.0.1:1/x?y"},
      {"--admin-token-file", secret},
      {"--debug-key-file", secret},
      {"--etcd-password-file", secret}};
  for (const auto& arguments : given) {
    std::vector<std::string> all{kUpstream};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const auto settings = read(all);
    ASSERT_FALSE(settings) << arguments[0];
    EXPECT_THAT(settings.error().text, testing::Not(HasSubstr(secret)));
  }
  EXPECT_THAT(error_of({kUpstream, "--debug-key-file", "/missing/key"}), HasSubstr("/missing/key"));
}

TEST(Settings, TheDocumentIsInOnePlace) {
  EXPECT_THAT(error_of({kUpstream, "--etcd-endpoints", "e:1", "--directives-file", "f"}),
              HasSubstr("exclude each other"));
}

TEST(Settings, AnAdminListenerBeyondLoopbackNeedsAToken) {
  EXPECT_THAT(error_of({kUpstream, "--admin-listen", "0.0.0.0:9901"}),
              HasSubstr("--admin-token-file or --admin-tokens-file must be given"));
  const TempDir dir;
  const std::string path = (dir.path() / "token").string();
  std::ofstream(path) << "short\n";
  EXPECT_THAT(error_of({kUpstream, "--admin-token-file", path}), HasSubstr("at least 16 bytes"));
  std::ofstream(path) << "0123456789abcdef\n";
  const auto settings =
      read({kUpstream, "--admin-listen", "0.0.0.0:9901", "--admin-token-file", path});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(settings->admin.token, "0123456789abcdef");
}

TEST(Settings, ATokensFileCountsAsAToken) {
  const TempDir dir;
  const std::string path = (dir.path() / "tokens").string();
  std::ofstream(path) << "# nobody\n";
  EXPECT_THAT(error_of({kUpstream, "--admin-tokens-file", path}), HasSubstr("names nobody"));
  std::ofstream(path) << "ana chief\n";
  EXPECT_THAT(error_of({kUpstream, "--admin-tokens-file", path}),
              HasSubstr("line 1 has an unknown role"));
  std::ofstream(path) << "ana viewer sha256=" << std::string(64, 'a') << "\n";
  const auto settings =
      read({kUpstream, "--admin-listen", "0.0.0.0:9901", "--admin-tokens-file", path});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_EQ(admin_roles(settings->admin).size(), 1U);
  std::ofstream(path) << "ana viewer cn=ana\n";
  EXPECT_THAT(error_of({kUpstream, "--admin-tokens-file", path}),
              HasSubstr("--admin-client-ca-file must be given"));
}

TEST(Settings, OpenTelemetrysVariablesAreTheDefaultsOfOurs) {
  const Environment environment{{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318"},
                                {"OTEL_EXPORTER_OTLP_HEADERS", "a=1"},
                                {"OTEL_BSP_MAX_QUEUE_SIZE", "10"}};
  EXPECT_FALSE(read({kUpstream})->otlp.is_on());
  const auto theirs = read({kUpstream}, environment);
  ASSERT_TRUE(theirs) << theirs.error().text;
  EXPECT_EQ(theirs->otlp.transport.endpoint, "http://a:4318");
  const auto ours =
      read({kUpstream, "--otlp-endpoint", "b:4317", "--otlp-protocol", "grpc", "--otlp-headers",
            "b=2,c=3", "--otlp-queue", "20", "--otlp-queue-bytes", "65536"},
           environment);
  ASSERT_TRUE(ours) << ours.error().text;
  EXPECT_EQ(ours->otlp.transport.endpoint, "b:4317");
  EXPECT_EQ(ours->otlp.transport.protocol, otlp::Protocol::Grpc);
  EXPECT_THAT(ours->otlp.transport.headers,
              ElementsAre(testing::Pair("b", "2"), testing::Pair("c", "3")));
  EXPECT_EQ(ours->otlp.batch.max_queue, 20U);
  EXPECT_EQ(ours->otlp.batch.max_queue_bytes, 65536U);
  const auto off = read({kUpstream, "--otlp-endpoint", ""}, environment);
  ASSERT_TRUE(off) << off.error().text;
  EXPECT_FALSE(off->otlp.is_on());
}

TEST(Settings, HeadersForTheCollectorAreReadFromAFile) {
  const TempDir dir;
  const std::string file = (dir.path() / "headers").string();
  std::ofstream(file) << "# for the collector\nAuthorization=Bearer%20abc\nb=3\n";
  const auto settings = read({kUpstream, "--otlp-headers", "a=1,b=2", "--otlp-headers-file", file});
  ASSERT_TRUE(settings) << settings.error().text;
  EXPECT_THAT(settings->otlp.transport.headers,
              ElementsAre(testing::Pair("a", "1"), testing::Pair("authorization", "Bearer abc"),
                          testing::Pair("b", "3")));
  std::ofstream(file) << "secret\n";
  const std::string error = error_of({kUpstream, "--otlp-headers-file", file});
  EXPECT_THAT(error, HasSubstr("--otlp-headers-file"));
  EXPECT_THAT(error, testing::Not(HasSubstr("secret")));
}

TEST(Settings, EachBadSettingOfTheExportIsNamed) {
  EXPECT_THAT(read({kUpstream}, {{"OTEL_BSP_MAX_QUEUE_SIZE", "x"}})->otlp.warnings,
              ElementsAre(HasSubstr("OTEL_BSP_MAX_QUEUE_SIZE is \"x\"")));
  EXPECT_THAT(error_of({kUpstream}, {{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"}}),
              HasSubstr("OTEL_EXPORTER_OTLP_ENDPOINT"));
  const std::string endpoint = "--otlp-endpoint=https://127.0.0.1:4318";
  for (const std::string name :
       {"otlp-protocol", "otlp-headers", "otlp-headers-file", "otlp-timeout", "otlp-compression",
        "otlp-insecure", "otlp-ca-file", "otlp-cert-file", "otlp-key-file", "otlp-queue",
        "otlp-queue-bytes", "otlp-batch", "otlp-delay"}) {
    EXPECT_THAT(error_of({kUpstream, endpoint, "--" + name, "no good"}), HasSubstr("--" + name));
  }
  const TempDir dir;
  const std::string file = dir.path() / "pem";
  std::ofstream(file) << "no certificate";
  EXPECT_THAT(error_of({kUpstream, endpoint, "--otlp-ca-file", file}),
              HasSubstr("there is no certificate in"));
  EXPECT_THAT(error_of({kUpstream, endpoint, "--otlp-cert-file", file}),
              HasSubstr("its key go together"));
  EXPECT_THAT(
      error_of({kUpstream, endpoint}, {{"OTEL_EXPORTER_OTLP_CERTIFICATE", dir.path() / "none"}}),
      HasSubstr("OTEL_EXPORTER_OTLP_CERTIFICATE"));
}

TEST(Settings, HelpAndVersionEndWithZero) {
  const auto help = read({"--help"});
  ASSERT_FALSE(help);
  EXPECT_EQ(help.error().exit_code, 0);
  EXPECT_THAT(help.error().text, HasSubstr("--etcd-endpoints HOST:PORT"));
  const auto version = read({"--version"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().exit_code, 0);
  EXPECT_THAT(version.error().text, HasSubstr("osproxy "));
}

}  // namespace
}  // namespace osproxy::app
