#include "osproxy/admin/dispatcher.h"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

using test::call;
using test::get;
using test::post;
using testing::HasSubstr;

TEST(Dispatcher, AnswersAnUnknownPathWithAJsonError) {
  test::Parts dependencies;
  for (const char* path :
       {"/nothing", "/admins", "/admin/", "/admin/status/", "//admin/status", "*", "",
        "/debug/explain/", "/debug/explain/a/b", "/METRICS", "http://127.0.0.1/metrics"}) {
    const Response response = call(dependencies.options, dependencies.view(), get(path));
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_EQ(response.content_type, kJsonType);
    EXPECT_EQ(response.body, R"({"error":{"type":"not_found","reason":"no such endpoint; )"
                             R"(GET /admin lists them"},"status":404})");
  }
}

TEST(Dispatcher, NeverEchoesWhatTheClientSent) {
  test::Parts dependencies;
  for (const char* path : {"/canary", "/debug/explain/canary", "/debug/explain/canary%zz",
                           "/debug/breakglass?canary=1", "/debug/breakglass?limit=canary"}) {
    const Response response = call(dependencies.options, dependencies.view(), get(path));
    EXPECT_GE(response.status, 400);
    EXPECT_THAT(response.body, testing::Not(HasSubstr("canary")));
  }
}

TEST(Dispatcher, RefusesWhatIsMeantForAnotherInstance) {
  test::Parts dependencies;
  dependencies.options.instance = "proxy/1";
  Request request = get("/admin/status");
  const auto status_for = [&](std::string_view instance) {
    request.instance = instance;
    return call(dependencies.options, dependencies.view(), request).status;
  };
  EXPECT_EQ(status_for("proxy%2F1"), 200);
  EXPECT_EQ(status_for("proxy/1"), 421);
  EXPECT_EQ(status_for(""), 421);
  request.instance = "canary";
  const Response response = call(dependencies.options, dependencies.view(), request);
  EXPECT_THAT(response.body, HasSubstr("this is proxy/1, another instance"));
  EXPECT_THAT(response.body, testing::Not(HasSubstr("canary")));
  dependencies.options.roles =
      AdminRoles::of_token("0123456789abcdef");  // tells no stranger its name
  EXPECT_EQ(status_for("canary"), 401);
}

TEST(Dispatcher, NamesTheMethodsThatAnEndpointTakes) {
  test::Parts dependencies;
  const auto allow = [&](Method method, std::string_view path) {
    Request request = get(path);
    request.method = method;
    const Response response = call(dependencies.options, dependencies.view(), request);
    EXPECT_EQ(response.status, 405);
    EXPECT_THAT(response.body, HasSubstr("method_not_allowed"));
    return test::header_of(response, "Allow");
  };
  EXPECT_EQ(allow(Method::Other, "/admin/directives"), "GET, HEAD, POST");
  EXPECT_EQ(allow(Method::Post, "/admin/status"), "GET, HEAD");
  EXPECT_EQ(allow(Method::Post, "/debug/explain/x"), "GET, HEAD");
}

TEST(Dispatcher, ServesHeadWhereverGetIsServed) {
  test::Parts dependencies;
  for (const char* path : {"/", "/admin/directives", "/admin/status", "/debug/breakglass",
                           "/metrics", "/healthz", "/readyz"}) {
    Request request = get(path);
    request.method = Method::Head;
    EXPECT_EQ(call(dependencies.options, dependencies.view(), request).status, 200) << path;
  }
}

TEST(Dispatcher, AsksForTheTokenEverywhereButWhereOpen) {
  test::Parts dependencies;
  dependencies.options.roles = AdminRoles::of_token("secret");
  for (const char* path :
       {"/admin", "/admin/directives", "/admin/status", "/debug/explain/a", "/debug/breakglass"}) {
    EXPECT_EQ(call(dependencies.options, dependencies.view(), get(path)).status, 401) << path;
  }
  EXPECT_EQ(call(dependencies.options, dependencies.view(), post("/admin/directives", "{}")).status,
            401);
  for (const char* path : {"/metrics", "/healthz", "/readyz", "/", "/console/app.js"}) {
    EXPECT_EQ(call(dependencies.options, dependencies.view(), get(path)).status, 200) << path;
  }
}

TEST(Dispatcher, LetsScrapersBeyondLoopbackUseAnyName) {
  test::Parts dependencies;
  Request request = get("/metrics");
  request.host = "osproxy.monitoring.svc:9901";
  EXPECT_EQ(call(dependencies.options, dependencies.view(), request).status, 403);
  request.over_loopback = false;
  EXPECT_EQ(call(dependencies.options, dependencies.view(), request).status, 200);
  request.target = "/admin/status";
  EXPECT_EQ(call(dependencies.options, dependencies.view(), request).status, 403);
}

TEST(Dispatcher, ListsEveryEndpoint) {
  test::Parts dependencies;
  const Response response = call(dependencies.options, dependencies.view(), get("/admin"));
  EXPECT_EQ(response.content_type, kTextType);
  for (const char* line : {"osproxy 1.2.3", "proxy-1", "GET  /admin/directives",
                           "POST /admin/directives", "GET  /debug/explain/{id}", "GET  /readyz"}) {
    EXPECT_THAT(response.body, HasSubstr(line));
  }
}

TEST(Dispatcher, TurnsAnExceptionIntoAnInternalErrorWithoutItsText) {
  test::Parts dependencies;
  AdminDependencies view = dependencies.view();
  view.readiness = []() -> std::vector<std::string> { throw std::runtime_error("canary"); };
  const Response response = call(dependencies.options, view, get("/readyz"));
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("internal_error"));
  EXPECT_THAT(response.body, testing::Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace osproxy::admin
