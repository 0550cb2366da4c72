#include "osproxy/inspect/bulk_errors.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/inspect/compressed.h"

namespace osproxy {
namespace {

constexpr BodyHead kJson{.endpoint = Endpoint::IngestBulk, .content_type = "application/json"};
constexpr BodyHead kGzip{.endpoint = Endpoint::IngestBulk,
                         .content_type = "application/json",
                         .content_encoding = "gzip"};

TEST(BulkErrors, AreStatedByTheStart) {
  EXPECT_TRUE(bulk_has_errors(kJson, R"({"took":3,"errors":true,"items":[{"in)"));
  EXPECT_TRUE(bulk_has_errors(kJson, R"({"took":3,"ingest_took":70,"errors":true,)"));
  EXPECT_TRUE(bulk_has_errors(kJson, R"({"errors":true})"));
  EXPECT_TRUE(bulk_has_errors(kJson, "{\n  \"took\" : 3,\n  \"errors\" : true,\n"));
}

TEST(BulkErrors, AreNotInventedFromOtherWords) {
  for (const char* const start :
       {R"({"took":3,"errors":false,"items":[)", R"({"took":3,"items":[{"index":{"errors)", "",
        R"({"errors")", R"({"errors":)", R"({"errors" true)", R"({"errors":"true"})"}) {
    EXPECT_FALSE(bulk_has_errors(kJson, start)) << start;
  }
}

TEST(BulkErrors, AreReadFromTheStartOnly) {
  const std::string far(128, ' ');
  EXPECT_FALSE(bulk_has_errors(kJson, "{" + far + R"("errors":true})"));
}

TEST(BulkErrors, AreFoundInACompressedResponse) {
  const std::string items(100'000, ' ');
  const std::string failed = R"({"took":3,"errors":true,"items":[)" + items;
  EXPECT_TRUE(bulk_has_errors(kGzip, test::compressed(failed)));
  EXPECT_TRUE(bulk_has_errors(kGzip, test::compressed(failed).substr(0, 60)));
  EXPECT_FALSE(bulk_has_errors(kGzip, test::compressed(R"({"took":3,"errors":false})")));
}

TEST(BulkErrors, AreNotReadFromWhatIsNoJson) {
  const char* const start = R"({"took":3,"errors":true})";
  EXPECT_FALSE(bulk_has_errors({.content_type = "application/cbor"}, start));
  EXPECT_FALSE(bulk_has_errors({.content_encoding = "br"}, start));
  EXPECT_FALSE(bulk_has_errors(kGzip, start));
}

}  // namespace
}  // namespace osproxy
