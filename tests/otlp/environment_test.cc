#include "osproxy/otlp/environment.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/otlp/target.h"

namespace osproxy::otlp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

using Variables = std::map<std::string, std::string>;

OtlpOptions read(Variables variables) {
  return read_environment([&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(OtlpEnvironment, HasTheDefaultsOfTheSpecificationAndNoEndpoint) {
  const OtlpOptions options = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", ""}});
  EXPECT_THAT(options.warnings, testing::IsEmpty());
  EXPECT_FALSE(options.is_on());
  EXPECT_EQ(options.transport.protocol, Protocol::HttpProtobuf);
  EXPECT_EQ(options.transport.timeout, 10s);
  EXPECT_EQ(options.batch.delay, 5s);
  EXPECT_EQ(options.batch.max_queue, 2048U);
  EXPECT_EQ(options.batch.max_batch, 512U);
}

TEST(OtlpEnvironment, IsReadWhole) {
  const OtlpOptions options = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317"},
                                    {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"},
                                    {"OTEL_EXPORTER_OTLP_HEADERS", "Api-Key=a%20b, x=1"},
                                    {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                    {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                    {"OTEL_EXPORTER_OTLP_INSECURE", "true"},
                                    {"OTEL_EXPORTER_OTLP_CERTIFICATE", "ca"},
                                    {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "cert"},
                                    {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "key"},
                                    {"OTEL_BSP_SCHEDULE_DELAY", "100"},
                                    {"OTEL_BSP_MAX_QUEUE_SIZE", "10"},
                                    {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "5"},
                                    {"OTEL_SERVICE_NAME", "search-edge"},
                                    {"OTEL_RESOURCE_ATTRIBUTES", "a=1,b=%2C"}});
  EXPECT_THAT(options.warnings, testing::IsEmpty());
  const TransportOptions& transport = options.transport;
  EXPECT_EQ(transport.endpoint, "http://c:4317");
  EXPECT_TRUE(transport.endpoint_is_base);
  EXPECT_EQ(transport.protocol, Protocol::Grpc);
  EXPECT_THAT(transport.headers, ElementsAre(Pair("api-key", "a b"), Pair("x", "1")));
  EXPECT_EQ(transport.timeout, 2500ms);
  EXPECT_TRUE(transport.gzip);
  EXPECT_TRUE(transport.insecure);
  EXPECT_EQ(transport.ca_file + transport.client_cert_file + transport.client_key_file,
            "cacertkey");
  EXPECT_EQ(options.batch.delay, 100ms);
  EXPECT_EQ(options.batch.max_queue, 10U);
  EXPECT_EQ(options.batch.max_batch, 5U);
  EXPECT_EQ(options.service_name, "search-edge");
  EXPECT_THAT(options.resource_attributes, ElementsAre(Pair("a", "1"), Pair("b", ",")));
}

TEST(OtlpEnvironment, WhatIsForTracesGoesOverWhatIsForAllSignals) {
  const OtlpOptions options = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://all"},
                                    {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces/in"},
                                    {"OTEL_EXPORTER_OTLP_TIMEOUT", "1"},
                                    {"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2"},
                                    {"OTEL_EXPORTER_OTLP_HEADERS", "a=1"}});
  EXPECT_THAT(options.warnings, testing::IsEmpty());
  EXPECT_EQ(options.transport.endpoint, "http://traces/in");
  EXPECT_FALSE(options.transport.endpoint_is_base);
  EXPECT_EQ(options.transport.timeout, 2ms);
  EXPECT_EQ(options.transport.headers.size(), 1U);
}

TEST(OtlpEnvironment, TheShorterTimeOfAnExportCounts) {
  EXPECT_EQ(read({{"OTEL_BSP_EXPORT_TIMEOUT", "300"}}).transport.timeout, 300ms);
  EXPECT_EQ(read({{"OTEL_BSP_EXPORT_TIMEOUT", "30000"}}).transport.timeout, 10s);
}

TEST(OtlpEnvironment, ABadValueIsIgnoredWithAWarning) {
  for (const auto& [name, value] : Variables{{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                                             {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
                                             {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"},
                                             {"OTEL_EXPORTER_OTLP_INSECURE", "yes"},
                                             {"OTEL_SDK_DISABLED", "1"},
                                             {"OTEL_TRACES_EXPORTER", "zipkin"},
                                             {"OTEL_BSP_SCHEDULE_DELAY", "-1"},
                                             {"OTEL_BSP_EXPORT_TIMEOUT", "0"},
                                             {"OTEL_BSP_MAX_QUEUE_SIZE", "0"},
                                             {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many"},
                                             {"OTEL_RESOURCE_ATTRIBUTES", "a=%4"}}) {
    const OtlpOptions options = read({{name, value}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}});
    EXPECT_THAT(options.warnings, ElementsAre(HasSubstr(name + " is \"" + value + "\": ")));
    EXPECT_TRUE(options.is_on()) << name;
    EXPECT_EQ(options.transport.protocol, Protocol::HttpProtobuf);
    EXPECT_EQ(options.transport.timeout, 10s);
    EXPECT_EQ(options.batch.delay, 5s);
    EXPECT_FALSE(options.transport.insecure);
  }
}

TEST(OtlpEnvironment, ABadHeaderIsNamedButNotShown) {
  for (const char* value : {"secret", "a b=secret", "a=secret%0d", "=secret", "a-bin=secret"}) {
    const OtlpOptions options = read({{"OTEL_EXPORTER_OTLP_HEADERS", value}});
    EXPECT_THAT(options.warnings, ElementsAre(HasSubstr("OTEL_EXPORTER_OTLP_HEADERS is no good")));
    EXPECT_THAT(options.warnings, ElementsAre(testing::Not(HasSubstr("secret"))));
    EXPECT_TRUE(options.transport.headers.empty());
  }
}

TEST(OtlpEnvironment, ABooleanAndANameHaveAnyCaseOfLetters) {
  for (const char* value : {"true", "True", "TRUE"}) {
    EXPECT_TRUE(read({{"OTEL_EXPORTER_OTLP_INSECURE", value}}).transport.insecure) << value;
  }
  EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "GRPC"}}).transport.protocol, Protocol::Grpc);
  EXPECT_TRUE(read({{"OTEL_EXPORTER_OTLP_COMPRESSION", "Gzip"}}).transport.gzip);
}

TEST(OtlpEnvironment, TheExportCanBeTurnedOff) {
  const auto is_on = [](const std::string& name, const std::string& value) {
    return read({{name, value}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}}).is_on();
  };
  EXPECT_FALSE(is_on("OTEL_SDK_DISABLED", "True"));
  EXPECT_TRUE(is_on("OTEL_SDK_DISABLED", "false"));
  EXPECT_FALSE(is_on("OTEL_TRACES_EXPORTER", "none"));
  EXPECT_TRUE(is_on("OTEL_TRACES_EXPORTER", "otlp"));
}

TEST(OtlpEnvironment, ABatchMayBeSentAtOnce) {
  EXPECT_EQ(read({{"OTEL_BSP_SCHEDULE_DELAY", "0"}}).batch.delay, 0ms);
}

TEST(OtlpEnvironment, ABadVariableForTracesLeavesTheOneForAllSignals) {
  const OtlpOptions options =
      read({{"OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon"}, {"OTEL_EXPORTER_OTLP_TIMEOUT", "7"}});
  EXPECT_EQ(options.transport.timeout, 7ms);
}

TEST(OtlpHeaders, AFileHoldsOneALine) {
  const auto headers = parse_header_lines("# of the team\n\nApi-Key=a%20b\r\nx=1, y=2\n");
  ASSERT_TRUE(headers) << headers.error();
  EXPECT_THAT(*headers, ElementsAre(Pair("api-key", "a b"), Pair("x", "1"), Pair("y", "2")));
  EXPECT_FALSE(parse_header_lines("x=1\nsecret\n"));
}

Target target(TransportOptions options) {
  const auto parsed = parse_target(options);
  EXPECT_TRUE(parsed) << parsed.error();
  return parsed.value_or(Target{});
}

TEST(OtlpTarget, OverHttpHasThePathOfTracesBelowABase) {
  EXPECT_EQ(target({.endpoint = "http://c:4318"}),
            (Target{.origin = {.tls = false, .address = {"c", 4318}}, .path = "/v1/traces"}));
  EXPECT_EQ(target({.endpoint = "https://c/otlp/"}),
            (Target{.origin = {.tls = true, .address = {"c", 443}}, .path = "/otlp/v1/traces"}));
  EXPECT_EQ(target({.endpoint = "http://c/in", .endpoint_is_base = false}).path, "/in");
  EXPECT_EQ(target({.endpoint = "http://c", .endpoint_is_base = false}).path, "/");
}

TEST(OtlpTarget, WithGrpcIsAUrlOrAnAddress) {
  const auto grpc = [](std::string endpoint, bool insecure = false) {
    return target({.protocol = Protocol::Grpc, .endpoint = endpoint, .insecure = insecure}).origin;
  };
  EXPECT_EQ(grpc("http://c:4317", false), (Origin{.tls = false, .address = {"c", 4317}}));
  EXPECT_EQ(grpc("https://c:4317/", true), (Origin{.tls = true, .address = {"c", 4317}}));
  EXPECT_EQ(grpc("c:4317"), (Origin{.tls = true, .address = {"c", 4317}}));
  EXPECT_EQ(grpc("c:4317", true), (Origin{.tls = false, .address = {"c", 4317}}));
}

TEST(OtlpTarget, WhatIsNoEndpointIsRefused) {
  for (const char* endpoint :
       {"c:4318", "c", "ftp://c", "http://", "http://c/a?b", "http://c/ a"}) {
    EXPECT_FALSE(parse_target({.endpoint = endpoint})) << endpoint;
  }
  for (const char* endpoint : {"c", "http://c/v1/traces", "c:70000"}) {
    EXPECT_FALSE(parse_target({.protocol = Protocol::Grpc, .endpoint = endpoint})) << endpoint;
  }
}

}  // namespace
}  // namespace osproxy::otlp
