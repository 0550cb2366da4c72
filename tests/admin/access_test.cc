#include "osproxy/admin/access.h"

#include <gtest/gtest.h>

#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

constexpr std::string_view kToken = "a-token-of-thirty-two-characters";

int status_of(const Request& request, std::string_view token = {}) {
  const auto refusal = check_access(request, token);
  return refusal ? refusal->status : 200;
}

TEST(Access, NeedsTheTokenWhereThereIsOne) {
  Request request = test::get("/admin/status");
  EXPECT_EQ(status_of(request, kToken), 401);
  for (const char* wrong :
       {"", "Bearer", "Bearer ", "Basic a-token-of-thirty-two-characters",
        "Bearer a-token-of-thirty-two-characterS", "Bearer a-token-of-thirty-two-character",
        "Bearer a-token-of-thirty-two-characters2", "Bearer  a-token-of-thirty-two-characters"}) {
    request.authorization = wrong;
    EXPECT_EQ(status_of(request, kToken), 401) << wrong;
  }
  request.authorization = "Bearer a-token-of-thirty-two-characters";
  EXPECT_EQ(status_of(request, kToken), 200);
  request.authorization = "bearer a-token-of-thirty-two-characters";
  EXPECT_EQ(status_of(request, kToken), 200);
}

TEST(Access, SaysWhichSchemeItWants) {
  const auto refusal = check_access(test::get("/admin/status"), kToken);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(test::header_of(*refusal, "WWW-Authenticate"), "Bearer");
}

TEST(Access, WithATokenAnyHostMayBeNamed) {
  Request request = test::get("/admin/status");
  request.host = "proxy-1.example:9901";
  request.authorization = "Bearer a-token-of-thirty-two-characters";
  EXPECT_EQ(status_of(request, kToken), 200);
}

TEST(Access, WithoutATokenOnlyLocalHostsMayBeNamed) {
  Request request = test::get("/admin/status");
  request.host = "rebound.example:9901";
  EXPECT_EQ(status_of(request), 403);
  request.host = std::nullopt;
  EXPECT_EQ(status_of(request), 403);
  request.host = "localhost:9901";
  EXPECT_EQ(status_of(request), 200);
}

TEST(Access, KnowsHostsThatNoNameServerCanGive) {
  for (const char* host : {"localhost", "LocalHost:1", "127.0.0.1", "127.0.0.1:9901", "10.1.2.3:80",
                           "[::1]", "[::1]:9901", "[fe80::1]:9901"}) {
    EXPECT_TRUE(is_local_host_header(host)) << host;
  }
  for (const char* host :
       {"", ":", "localhost.evil.example", "evil.example", "127.0.0.1.evil.example", "127.0.0.1x",
        "[", "[]", "[::1", "[evil]", "::1", "0x7f.1", "999.0.0.1", "[127.0.0.1]",
        "[0000000000000000000000000000000000000000000000000000000000000001]"}) {
    EXPECT_FALSE(is_local_host_header(host)) << host;
  }
}

TEST(Access, RefusesAPostFromAPageOfAnotherOrigin) {
  Request request = test::post("/admin/directives", "{}");
  for (const char* origin : {"http://evil.example", "null", "", "http://127.0.0.1:80",
                             "http://127.0.0.1:9901.evil.example"}) {
    request.origin = origin;
    EXPECT_EQ(status_of(request), 403) << origin;
    request.authorization = "Bearer a-token-of-thirty-two-characters";
    EXPECT_EQ(status_of(request, kToken), 403) << origin;
  }
}

TEST(Access, LetsAPagePostToItsOwnOrigin) {
  Request request = test::post("/admin/directives", "{}");
  request.origin = "http://127.0.0.1:9901";
  EXPECT_EQ(status_of(request), 200);
}

}  // namespace
}  // namespace osproxy::admin
