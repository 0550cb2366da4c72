#include "osproxy/admin/access.h"

#include <gtest/gtest.h>

#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

constexpr AccessRules kByToken{.is_proven = true, .is_ambient = false};
constexpr AccessRules kByCertificate{.is_proven = true, .is_ambient = true};

int status_of(const Request& request, const AccessRules& rules = {}) {
  const auto refused = check_access(request, rules);
  return refused ? refused->response.status : 200;
}

TEST(Access, ReadsTheTokenOfTheBearerScheme) {
  EXPECT_EQ(bearer_token("Bearer secret"), "secret");
  EXPECT_EQ(bearer_token("bearer secret"), "secret");
  EXPECT_EQ(bearer_token("Bearer "), "");
  EXPECT_EQ(bearer_token("Bearer  secret"), " secret");
  for (const char* other : {"", "Bearer", "Basic secret", "Bear", "secret"}) {
    EXPECT_FALSE(bearer_token(other).has_value()) << other;
  }
}

TEST(Access, WithATokenAnyHostMayBeNamed) {
  Request request = test::get("/admin/status");
  request.host = "proxy-1.example:9901";
  EXPECT_EQ(status_of(request, kByToken), 200);
  EXPECT_EQ(status_of(request, kByCertificate), 200);
}

TEST(Access, ABrowserSendsACertificateForEveryPage) {
  Request request = test::get("/admin/tail");
  request.fetch_site = "cross-site";
  EXPECT_EQ(status_of(request, kByCertificate), 403);
  EXPECT_EQ(status_of(request, kByToken), 200);
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

TEST(Access, WithoutATokenConfiguredNamesMayBeNamedToo) {
  const std::vector<std::string> names{"proxy-1.example"};
  Request request = test::get("/admin/status");
  request.host = "Proxy-1.example:9901";
  EXPECT_FALSE(check_access(request, {.hosts = names}).has_value());
  request.host = "proxy-1.example.evil.example";
  EXPECT_TRUE(check_access(request, {.hosts = names}).has_value());
}

TEST(Access, ForOpenEndpointsTheHostCountsOverLoopback) {
  Request request = test::get("/metrics");
  request.host = "rebound.example:9901";
  EXPECT_TRUE(check_open_access(request, {}).has_value());
  request.host = std::nullopt;  // a probe by HTTP/1.0
  EXPECT_FALSE(check_open_access(request, {}).has_value());
  request.host = "127.0.0.1:9901";
  EXPECT_FALSE(check_open_access(request, {}).has_value());
}

TEST(Access, ForOpenEndpointsANameOfTheServicePassesBeyondLoopback) {
  const std::vector<std::string> names{"osproxy.monitoring.svc"};
  Request request = test::get("/metrics");
  request.over_loopback = false;
  request.host = "osproxy.example:9901";
  EXPECT_FALSE(check_open_access(request, {}).has_value());
  EXPECT_TRUE(check_open_access(request, names).has_value());
  request.host = "osproxy.monitoring.svc:9901";
  EXPECT_FALSE(check_open_access(request, names).has_value());
}

TEST(Access, RefusesWhatAPageOfAnotherSiteFetches) {
  Request request = test::get("/admin/tail");
  request.fetch_site = "cross-site";
  EXPECT_EQ(status_of(request), 403);
  request.fetch_mode = "no-cors";
  EXPECT_EQ(status_of(request), 403);
  request.fetch_mode = "navigate";  // a link that a person follows
  EXPECT_EQ(status_of(request), 200);
  request.method = Method::Post;
  EXPECT_EQ(status_of(request), 403);
  for (const char* own : {"same-origin", "none"}) {
    request.fetch_site = own;
    EXPECT_EQ(status_of(request), 200) << own;
  }
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
    EXPECT_EQ(status_of(request, kByToken), 403) << origin;
  }
}

TEST(Access, LetsAPagePostToItsOwnOrigin) {
  Request request = test::post("/admin/directives", "{}");
  request.origin = "http://127.0.0.1:9901";
  EXPECT_EQ(status_of(request), 200);
}

}  // namespace
}  // namespace osproxy::admin
