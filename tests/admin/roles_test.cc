// Roles and tenants of callers of the admin listener: generated from the dispatcher's own table, so
// that a new endpoint is tried by itself.
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/admin/event_source.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/decode.h"
#include "tests/admin/fixture.h"
#include "tests/observe/records.h"

namespace osproxy::admin {
namespace {

using osproxy::test::make_record;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

constexpr std::string_view kOwnDocument =
    R"({"directives":[{"id":"acme-1","level":"Shape","ttl_secs":600,"tenant":"acme"}]})";

class FakeFleet final : public FleetReader {
 public:
  std::expected<Fleet, std::string> read() override {
    InstanceAck ack{.instance = "proxy-1", .state = "synced"};
    for (const char* id : {"own", "canary-directive", "canary-global", "canary-unknown"}) {
      ack.thinned.push_back({.id = id, .reason = std::string("over budget ") + id});
    }
    ack.thinned_count = 4;
    ack.rejected = {.revision = 9, .slug = "unknown_field", .where = "directives[2].canary-place"};
    return Fleet{.members = {{.instance = "proxy-1",
                              .ack = std::move(ack),
                              .applied = false,
                              .why = "it rejected revision 9: unknown_field at canary-place"}}};
  }
};

/// An instance whose every source has something of the tenant "acme" and something of another one,
/// in which each name begins with "canary".
class RolesTest : public testing::Test {
 protected:
  RolesTest() {
    const auto line = [](const char* name, Role role, std::vector<std::string> tenants) {
      return format_role_line({.name = name, .role = role, .tenants = std::move(tenants)},
                              std::string("token-of-") + name) +
             "\n";
    };
    parts_.options.roles =
        AdminRoles::parse(line("vera", Role::Viewer, {}) + line("otto", Role::Operator, {}) +
                          line("ada", Role::Admin, {}) + line("bound", Role::Operator, {"acme"}) +
                          line("eye", Role::Viewer, {"acme"}) + "cert viewer cn=vera\n")
            .value();
    publish_all();
    remember("acme", "own-id", "own-index");
    remember("canary-tenant", "canary-id", "canary-index");
    remember("canary-tenant", "shared-id", "canary-index");
    remember("", "nobody-id", "canary-index");
  }

  void publish_all() {
    ASSERT_TRUE(parts_.store.publish(
        R"({"directives":[)"
        R"({"id":"own","level":"Shape","ttl_secs":600,"tenant":"acme","reason":"mine"},)"
        R"({"id":"canary-directive","level":"Shape","ttl_secs":600,"tenant":"canary-tenant",)"
        R"("reason":"canary-reason","author":"canary-author"},)"
        R"({"id":"canary-global","level":"Shape","ttl_secs":600,"reason":"canary-reason"}]})",
        std::nullopt));
  }

  void remember(std::string tenant, std::string id, std::string index) {
    Record record = make_record(id);
    record.tenant = tenant;
    record.index = index;
    record.principal = tenant;
    record.status = 503;
    record.started = parts_.clock.now().wall;
    Recorder& recorder = parts_.observer.recorder(0);
    recorder.record(record, true);
    const DirectiveSet::Pointer set = parts_.store.load();
    const Attributes attributes{.tenant = tenant, .index = index};
    const Now now = parts_.clock.now();
    // Recorded by no directive, so that `why` shows those that the caller sees.
    recorder.matched({.request_id = id,
                      .attributes = attributes,
                      .started = now,
                      .outcome = {.latency = 1ms, .status = 503},
                      .set_number = recorder.in_force(set),
                      .verdict = {}});
    FlightShard& shard = flight_.shard(0);
    shard.keep(shard.end({.at = now.boot, .is_notable = true}, shard.begin(now.boot)), record);
    cursors_.open(std::hash<std::string>()(id),
                  {.keep_alive = 60s, .index = index, .tenant = tenant, .principal = tenant}, now);
    RunningRequest running;
    running.request_id = id;
    running.tenant = tenant;
    running.index = index;
    running_.push_back(running);
  }

  AdminDependencies view() {
    AdminDependencies view = parts_.view();
    view.flight = &flight_;
    view.tail = &tail_;
    view.fleet = &fleet_;
    view.cursors = &cursors_;
    view.refusals = &refusals_;
    view.running = [this](const RunningQuery& query) {
      RunningRequests found{.running = running_.size()};
      for (const RunningRequest& one : running_) {
        if (!query.passes({.tenant = one.tenant, .index = one.index}, 0ns)) continue;
        ++found.matched;
        found.requests.push_back(one);
      }
      return found;
    };
    return view;
  }

  Response send(Request request, std::string_view name) {
    const std::string header = "Bearer token-of-" + std::string(name);
    if (!name.empty()) request.authorization = header;
    const AdminDependencies dependencies = view();
    Response response = test::call(parts_.options, dependencies, request);
    if (response.events) response.body += response.events->next().value_or("");
    if (response.events) {
      for (const char* tenant : {"acme", "canary-tenant", ""}) {
        auto record = std::make_shared<Record>(make_record(std::string(tenant) + "-tailed"));
        record->tenant = tenant;
        tail_.take(record);
      }
      response.body += response.events->next().value_or("");
    }
    return response;
  }

  /// Requests to an endpoint, with each id and query that could show another tenant's.
  static std::vector<std::string> targets_of(const AdminEndpoint& endpoint) {
    std::string path(endpoint.path);
    const std::size_t id = path.find("{id}");
    if (id == std::string::npos) {
      if (path == "/admin/inflight")
        return {path, path + "?scrolls=true", path + "?tenant=canary-tenant"};
      if (path == "/admin/tail") return {path, path + "?directive=canary-directive"};
      if (path == "/admin/top") return {path + "?by=tenant,index", path + "?tenant=canary-tenant"};
      return {path};
    }
    path.resize(id);
    std::vector<std::string> targets;
    for (const char* of : {"own-id", "canary-id", "shared-id", "nobody-id"}) {
      targets.push_back(path + of);
      targets.push_back(path + of + "?recorder=true");
    }
    return targets;
  }

  Response send_to(const AdminEndpoint& endpoint, std::string_view target, std::string_view name) {
    Request request = test::get(target);
    request.method = endpoint.method;
    if (endpoint.method == Method::Post) request.body = kOwnDocument;
    return send(request, name);
  }

  int status_of(const AdminEndpoint& endpoint, std::string_view name) {
    return send_to(endpoint, targets_of(endpoint).front(), name).status;
  }

  test::Parts parts_;
  FlightRecorder flight_{{}, 1};
  RecordTail tail_;
  FakeFleet fleet_;
  CursorTable cursors_{SipKey{}};
  Refusals refusals_;
  std::vector<RunningRequest> running_;
};

TEST_F(RolesTest, EveryEndpointNeedsItsRole) {
  for (const AdminEndpoint& endpoint : admin_endpoints()) {
    SCOPED_TRACE(
        fmt::format("{} {}", endpoint.method == Method::Post ? "POST" : "GET", endpoint.path));
    const bool is_open = endpoint.access == Access::Open;
    for (const char* stranger : {"", "nobody"}) {
      EXPECT_EQ(status_of(endpoint, stranger) == 401, !is_open) << stranger;
    }
    const auto may = [&](const char* name, Access least) {
      const int status = status_of(endpoint, name);
      // 400 and 404 come from the endpoint itself, as where no history is kept.
      EXPECT_NE(status, 401) << name;
      EXPECT_EQ(status == 403, endpoint.access > least) << name;
    };
    may("vera", Access::Viewer);
    may("otto", Access::Operator);
    may("ada", Access::Admin);
    may("eye", endpoint.scope == Scope::Whole ? Access::Open : Access::Viewer);
    may("bound", endpoint.scope == Scope::Whole ? Access::Open : Access::Operator);
  }
}

TEST_F(RolesTest, NoEndpointShowsATenantOfOthers) {
  std::size_t shown_to_all = 0;
  for (const AdminEndpoint& endpoint : admin_endpoints()) {
    if (endpoint.access == Access::Open) continue;
    for (const std::string& target : targets_of(endpoint)) {
      for (const char* name : {"eye", "bound"}) {
        const Response response = send_to(endpoint, target, name);
        EXPECT_THAT(response.body, Not(HasSubstr("canary"))) << name << " " << target;
      }
      publish_all();  // as it was before the posts
      if (send_to(endpoint, target, "vera").body.contains("canary")) ++shown_to_all;
    }
  }
  EXPECT_GE(shown_to_all, 10U) << "the sources hold what must not be shown";
}

TEST_F(RolesTest, ARecordOfOthersIsNotThere) {
  for (const char* path : {"/debug/explain/", "/admin/why/"}) {
    const Response others = send(test::get(std::string(path) + "canary-id"), "eye");
    const Response none = send(test::get(std::string(path) + "unknown-id"), "eye");
    EXPECT_EQ(others.status, 404);
    EXPECT_EQ(others.body, none.body) << path;
    EXPECT_EQ(send(test::get(std::string(path) + "own-id"), "eye").status, 200);
  }
}

TEST_F(RolesTest, CountsAreOfTheCallersTenants) {
  EXPECT_THAT(send(test::get("/admin/inflight"), "vera").body, HasSubstr(R"("running":4)"));
  EXPECT_THAT(send(test::get("/admin/inflight"), "eye").body,
              HasSubstr(R"("running":1,"matched":1)"));
  EXPECT_THAT(send(test::get("/admin/inflight?scrolls=true"), "eye").body,
              HasSubstr(R"("open":1,"matched":1,"dropped":0)"));
  EXPECT_THAT(send(test::get("/debug/breakglass?limit=1"), "eye").body, HasSubstr("own-id"));
  EXPECT_THAT(send(test::get("/admin/why/own-id"), "eye").body, Not(HasSubstr("left_out\":2")));
}

TEST_F(RolesTest, ABoundCallerChangesItsDirectivesOnly) {
  EXPECT_EQ(send(test::post("/admin/directives", kOwnDocument), "bound").status, 200);
  const auto document = parts_.store.load()->document();
  std::vector<std::string> ids;
  for (const Directive& one : document.directives) ids.push_back(one.id);
  EXPECT_THAT(ids, testing::ElementsAre("canary-directive", "canary-global", "acme-1"));
  EXPECT_EQ(document.directives[0].author, "canary-author");

  EXPECT_EQ(send(test::post("/admin/directives", R"({"directives":[]})"), "bound").status, 200);
  EXPECT_EQ(parts_.store.load()->directives().size(), 2U);
}

// Somebody has put the document of others into etcd by hand.
TEST_F(RolesTest, ABoundCallerLeavesDirectivesOfOthersAsTheyStand) {
  constexpr std::string_view kOfOthers =
      R"({"id":"canary-1","level":"Shape","ttl_secs":600,"tenant":"canary-tenant"},)"
      R"({"id":"canary-2","level":"Shape","expires_at":"2199-01-01T00:00:00Z"})";
  test::FakePublisher publisher;
  publisher.published = {.revision = 7,
                         .bytes = fmt::format(R"({{"directives":[{}]}})", kOfOthers)};
  std::string written;
  publisher.on_publish = [&](std::string_view document, std::optional<std::int64_t> expected) {
    EXPECT_EQ(expected, 7);
    written = document;
    return test::FakePublisher::Result(8);
  };
  AdminDependencies dependencies = view();
  dependencies.publisher = &publisher;
  Request request = test::post("/admin/directives", kOwnDocument);
  request.authorization = "Bearer token-of-bound";
  EXPECT_EQ(test::call(parts_.options, dependencies, request).status, 200);
  const std::string end = format_rfc3339(parts_.clock.now().wall + 600s);
  EXPECT_EQ(written,
            fmt::format(R"({{"directives":[{},{{"id":"acme-1","level":"Shape","expires_at":"{}",)"
                        R"("tenant":"acme"}}]}})",
                        kOfOthers, end));
}

TEST_F(RolesTest, ABoundCallerLearnsNothingOfAMalformedDocument) {
  test::FakePublisher publisher;
  publisher.published = {
      .revision = 7,
      .bytes = R"({"directives":[{"id":"canary-1","level":"Shape","ttl_secs":86401}]})"};
  AdminDependencies dependencies = view();
  dependencies.publisher = &publisher;
  Request request = test::post("/admin/directives", kOwnDocument);
  request.authorization = "Bearer token-of-bound";
  const Response response = test::call(parts_.options, dependencies, request);
  EXPECT_EQ(response.status, 409);
  EXPECT_THAT(response.body, AllOf(HasSubstr("published_is_malformed"), Not(HasSubstr("canary")),
                                   Not(HasSubstr("ttl"))));
}

TEST_F(RolesTest, ABoundCallerPublishesNothingForOthers) {
  for (const char* document :
       {R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60,"tenant":"canary-tenant"}]})",
        R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60}]})"}) {
    for (const char* path : {"/admin/directives", "/admin/plan"}) {
      const Response response = send(test::post(path, document), "bound");
      EXPECT_EQ(response.status, 403) << path;
      EXPECT_THAT(response.body, HasSubstr(R"("where":"directives[0].tenant")"));
    }
  }
  const Response taken = send(
      test::post(
          "/admin/directives",
          R"({"directives":[{"id":"canary-global","level":"Shape","ttl_secs":60,"tenant":"acme"}]})"),
      "bound");
  EXPECT_EQ(taken.status, 400);
  EXPECT_THAT(taken.body, HasSubstr("duplicate_id"));
  EXPECT_EQ(parts_.store.load()->directives().size(), 3U);
  EXPECT_EQ(refusals_.count(Refusal::Tenant), 4U);
}

TEST_F(RolesTest, ABoundCallerHasATenthOfTheDirectives) {
  const auto publish = [this](int count, const char* who) {
    std::string directives;
    for (int i = 0; i < count; ++i) {
      directives +=
          fmt::format(R"({}{{"id":"own-{}","level":"Shape","ttl_secs":60,"tenant":"acme"}})",
                      i > 0 ? "," : "", i);
    }
    return send(
        test::post("/admin/directives", fmt::format(R"({{"directives":[{}]}})", directives)), who);
  };
  const Response refused = publish(1'001, "bound");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, AllOf(HasSubstr("too_many_directives"), HasSubstr("may have 1000")));
  EXPECT_EQ(parts_.store.load()->directives().size(), 3U);
  EXPECT_EQ(publish(1'000, "bound").status, 200);
  EXPECT_EQ(publish(1'001, "ada").status, 200);
}

TEST_F(RolesTest, ABoundCallerConflictsAsAllDo) {
  Request request = test::post("/admin/directives", kOwnDocument);
  request.if_match = "\"1\"";
  EXPECT_EQ(send(request, "bound").status, 200);
  EXPECT_EQ(send(request, "bound").status, 412);
  EXPECT_EQ(parts_.store.load()->directives().size(), 3U);
}

// An etcd publisher says in a conflict who has published which directives.
TEST_F(RolesTest, AConflictShowsABoundCallerNothingOfOthers) {
  test::FakePublisher publisher;
  publisher.on_publish = [](std::string_view, std::optional<std::int64_t> expected) {
    return test::FakePublisher::Result(
        std::unexpected(publish_conflict(*expected, 7, "canary-author, on canary-directive")));
  };
  AdminDependencies dependencies = view();
  dependencies.publisher = &publisher;
  Request request = test::post("/admin/directives", kOwnDocument);
  request.authorization = "Bearer token-of-bound";
  for (const bool is_conditional : {false, true}) {
    if (is_conditional) request.if_match = "\"0\"";
    const Response response = test::call(parts_.options, dependencies, request);
    EXPECT_EQ(response.status, 412);
    EXPECT_THAT(response.body, AllOf(HasSubstr(R"("revision":7)"), Not(HasSubstr("canary"))));
  }
}

class OneChange final : public HistoryReader {
 public:
  static constexpr std::int64_t kBefore = 99;

  OneChange(std::string_view before, std::string_view after)
      : before_(make_entry({.after = before}, {}, {}, {})),
        change_(make_entry({.previous = kBefore, .before = before, .after = after},
                           {.author = "canary-author"}, {}, {})) {}
  std::expected<HistoryList, HistoryError> list(const HistoryQuery&) override {
    return HistoryList{};
  }
  std::expected<HistoryEntry, HistoryError> find(std::int64_t revision) override {
    return revision == kBefore ? before_ : change_;
  }

 private:
  HistoryEntry before_;
  HistoryEntry change_;
};

TEST_F(RolesTest, AConflictShowsABoundCallerTheChangesOfItsTenants) {
  const auto directive = [](const char* id, const char* tenant) {
    return fmt::format(R"({{"id":"{}","level":"Shape","ttl_secs":600{}}})", id, tenant);
  };
  const auto document = [](std::string_view directives) {
    return fmt::format(R"({{"directives":[{}]}})", directives);
  };
  const std::string own = directive("own-1", R"(,"tenant":"acme")");
  const std::string others = directive("other-1", R"(,"tenant":"canary-tenant")");
  const std::string all = directive("other-2", "");
  const std::string taken = directive("own-1", R"(,"tenant":"canary-tenant")");
  const auto names_the_author = [&](const std::string& before, const std::string& after,
                                    const char* who) {
    OneChange history(document(before), document(after));
    AdminDependencies dependencies = view();
    dependencies.history = &history;
    Request request = test::post("/admin/directives", kOwnDocument);
    const std::string authorization = std::string("Bearer token-of-") + who;
    request.authorization = authorization;
    request.if_match = "\"9\"";
    const Response response = test::call(parts_.options, dependencies, request);
    EXPECT_EQ(response.status, 412);
    return response.body.contains("canary-author");
  };
  EXPECT_TRUE(names_the_author("", own, "bound"));
  EXPECT_TRUE(names_the_author(own, "", "bound"));
  EXPECT_TRUE(names_the_author(others, others + "," + own, "bound"));
  EXPECT_FALSE(names_the_author("", own + "," + others, "bound"));
  EXPECT_FALSE(names_the_author(others, own, "bound"));
  EXPECT_FALSE(names_the_author("", all, "bound"));
  EXPECT_FALSE(names_the_author(taken, own, "bound"));
  EXPECT_FALSE(names_the_author(own, own, "bound"));
}

TEST_F(RolesTest, TheFleetShowsABoundCallerNoPlaceOfAFault) {
  const auto body = send(test::get("/admin/fleet"), "bound").body;
  EXPECT_THAT(body, HasSubstr("it rejected revision 9"));
  EXPECT_THAT(send(test::get("/admin/fleet"), "ada").body, HasSubstr("canary-place"));
}

TEST_F(RolesTest, SaysWhoTheCallerIs) {
  EXPECT_EQ(send(test::get("/admin/whoami"), "bound").body,
            R"({"name":"bound","role":"operator","tenants":["acme"]})");
  Request request = test::get("/admin/whoami");
  const CertificateNames names{.common_name = "vera"};
  request.certificate = &names;
  EXPECT_EQ(send(request, "").body, R"({"name":"cert","role":"viewer","tenants":[]})");
  EXPECT_EQ(send(request, "nobody").status, 401) << "a wrong token counts, and no certificate";
  const CertificateNames other{.common_name = "otto"};
  request.certificate = &other;
  EXPECT_THAT(send(request, "").body, HasSubstr("no line of the tokens file names"));
  parts_.options.roles = {};
  EXPECT_EQ(send(test::get("/admin/whoami"), "").body,
            R"({"name":"local","role":"admin","tenants":[]})");
}

TEST_F(RolesTest, CountsEachRefusalByItsReason) {
  std::vector<std::string> told;
  Refusals refusals([&](const RefusedRequest& one) {
    told.push_back(
        fmt::format("{} {} {} {}", to_string(one.reason), one.caller, one.method, one.endpoint));
  });
  AdminDependencies dependencies = view();
  dependencies.refusals = &refusals;
  Request request = test::post("/admin/directives", kOwnDocument);
  test::call(parts_.options, dependencies, request);
  request.authorization = "Bearer canary-token";
  test::call(parts_.options, dependencies, request);
  request.authorization = "Bearer token-of-vera";
  test::call(parts_.options, dependencies, request);
  EXPECT_THAT(told, testing::ElementsAre("no_token  POST /admin/directives",
                                         "bad_token  POST /admin/directives",
                                         "role vera POST /admin/directives"));
  EXPECT_EQ(refusals.count(Refusal::Role), 1U);
  EXPECT_EQ(refusals.count(Refusal::Host), 0U);
}

TEST_F(RolesTest, AnAddressThatGuessesIsNotHeard) {
  const AdminDependencies dependencies = view();
  Dispatcher dispatcher(parts_.options, dependencies);
  Request request = test::get("/admin/whoami");
  request.authorization = "Bearer wrong";
  const auto status = [&] {
    const auto route = dispatcher.admit(request, dispatcher.identify(request));
    return route ? 200 : route.error().status;
  };
  for (int i = 0; i < FailedProofs::kBurst; ++i) EXPECT_EQ(status(), 401);
  EXPECT_EQ(status(), 429);
  request.authorization = "Bearer token-of-vera";
  EXPECT_EQ(status(), 429) << "nobody learns whether a guess was right";
  request.peer.network[0] = 1;
  EXPECT_EQ(status(), 200) << "at another address";
  request.peer = {};
  parts_.clock.advance(1s);
  EXPECT_EQ(status(), 200);
}

TEST_F(RolesTest, AForgottenTokenOfAProbeCountsForNothing) {
  const AdminDependencies dependencies = view();
  Dispatcher dispatcher(parts_.options, dependencies);
  Request probe = test::get("/healthz");
  probe.authorization = "Bearer forgotten";
  for (int i = 0; i < 3 * FailedProofs::kBurst; ++i) {
    EXPECT_TRUE(dispatcher.admit(probe, dispatcher.identify(probe)));
  }
  Request request = test::get("/admin/whoami");
  request.authorization = "Bearer token-of-vera";
  EXPECT_TRUE(dispatcher.admit(request, dispatcher.identify(request)));
}

TEST_F(RolesTest, ReplacedRolesHoldForTheNextRequest) {
  const AdminDependencies dependencies = view();
  Dispatcher dispatcher(parts_.options, dependencies);
  Request request = test::get("/admin/whoami");
  request.authorization = "Bearer token-of-vera";
  EXPECT_NE(dispatcher.identify(request).caller, nullptr);
  dispatcher.replace_roles(AdminRoles::of_token("another"));
  EXPECT_EQ(dispatcher.identify(request).caller, nullptr);
}

}  // namespace
}  // namespace osproxy::admin
