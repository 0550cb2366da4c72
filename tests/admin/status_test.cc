#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/admin/store_metrics.h"
#include "tests/admin/fixture.h"
#include "tests/observe/exposition.h"
#include "tests/observe/records.h"
#include "tests/support/temp_dir.h"

namespace osproxy::admin {
namespace {

using osproxy::test::parse_exposition;
using test::call;
using test::get;
using testing::HasSubstr;
using namespace std::chrono_literals;

std::string status_of(test::Parts& dependencies, const AdminDependencies& view) {
  const Response response = call(dependencies.options, view, get("/admin/status"));
  EXPECT_EQ(response.status, 200);
  return response.body;
}

TEST(Status, SaysWhoTheInstanceIsAndSinceWhen) {
  test::Parts dependencies;
  const AdminDependencies view = dependencies.view();
  Dispatcher dispatcher(dependencies.options, view);
  dependencies.clock.advance(90s);
  const Request request = get("/admin/status");
  const Response response =
      dispatcher.respond(*dispatcher.admit(request, dispatcher.identify(request)), request);
  EXPECT_THAT(
      response.body,
      testing::StartsWith(R"({"instance":"proxy-1","version":"1.2.3",)"
                          R"("started":"2030-01-01T00:00:00Z","uptime_ms":90000,"store":{)"));
}

TEST(Status, MeasuresUptimeByBootTime) {
  test::Parts dependencies;
  const AdminDependencies view = dependencies.view();
  Dispatcher dispatcher(dependencies.options, view);
  dependencies.clock.advance(2s);
  dependencies.clock.jump_wall(-1h);
  const Request request = get("/admin/status");
  const Response response =
      dispatcher.respond(*dispatcher.admit(request, dispatcher.identify(request)), request);
  EXPECT_THAT(response.body, HasSubstr(R"("uptime_ms":2000,)"));
}

TEST(Status, ShowsTheStoreOfAnInstanceWithoutEtcd) {
  test::Parts dependencies;
  EXPECT_THAT(status_of(dependencies, dependencies.view()),
              HasSubstr(R"("store":{"kind":"memory","state":"synced",)"
                        R"("since":"2030-01-01T00:00:00Z","reason":"","revision":0,)"
                        R"("verified_age_ms":0,"rejected":null,"warnings":[]},)"));
}

TEST(Status, ShowsWhatIsWrongWithTheStore) {
  test::Parts dependencies;
  test::FakeStore store;
  store.status_ = {.state = StoreState::Suspect,
                   .since = dependencies.clock.now().wall,
                   .reason = "127.0.0.1:2379: \"connection refused\"",
                   .revision = 7,
                   .verified_age = 1'234'567us,
                   .rejected = Rejection{.revision = 9,
                                         .fault = Fault::BadTenant,
                                         .where = "directives[3].tenant",
                                         .at = dependencies.clock.now().wall},
                   .warnings = {"the last good set is not saved"}};
  dependencies.options.store_kind = "etcd";
  const AdminDependencies view{
      .store = store, .observer = dependencies.observer, .clock = dependencies.clock};
  EXPECT_THAT(status_of(dependencies, view),
              HasSubstr(R"("store":{"kind":"etcd","state":"suspect",)"
                        R"("since":"2030-01-01T00:00:00Z",)"
                        R"("reason":"127.0.0.1:2379: \"connection refused\"","revision":7,)"
                        R"("verified_age_ms":1234,"rejected":{"revision":9,"slug":"bad_tenant",)"
                        R"("where":"directives[3].tenant","at":"2030-01-01T00:00:00Z"},)"
                        R"("warnings":["the last good set is not saved"]})"));
  store.status_ = {};
  EXPECT_THAT(status_of(dependencies, view),
              HasSubstr(R"("verified_age_ms":null,"rejected":null,"warnings":[]})"));
}

TEST(Status, ShowsHowTheHistoryIsWritten) {
  test::Parts dependencies;
  AdminDependencies view = dependencies.view();
  EXPECT_THAT(status_of(dependencies, view),
              HasSubstr(R"("history":{"state":"off","reason":"","published":0,"by_hand":0,)"
                        R"("trimmed":0,"failures":0,"last_error":null})"));
  view.history_status = [&] {
    return HistoryStatus{.state = HistoryWriting::Failing,
                         .reason = "one: permission denied",
                         .published = 3,
                         .by_hand = 2,
                         .trimmed = 1,
                         .failures = 4,
                         .last_error = "one: permission denied",
                         .last_error_at = dependencies.clock.now().wall};
  };
  EXPECT_THAT(
      status_of(dependencies, view),
      HasSubstr(R"("history":{"state":"failing","reason":"one: permission denied","published":3,)"
                R"("by_hand":2,"trimmed":1,"failures":4,"last_error":{"at":)"
                R"("2030-01-01T00:00:00Z","reason":"one: permission denied"}})"));
}

TEST(Status, ShowsEachDirectiveWithWhatItDidAndWhetherItIsOver) {
  test::Parts dependencies;
  ASSERT_TRUE(dependencies.store.publish(
      R"({"directives":[{"id":"a","level":"Shape","ttl_secs":10,"reason":"INC-1","author":"ana"},)"
      R"({"id":"b","level":"ShapeTiming","ttl_secs":60}]})",
      std::nullopt));
  const DirectiveUsage& usage = *dependencies.store.load()->directives()[1].usage;
  const_cast<DirectiveUsage&>(usage).matched = 5;
  const_cast<DirectiveUsage&>(usage).recorded = 3;
  dependencies.clock.advance(30s);
  EXPECT_THAT(
      status_of(dependencies, dependencies.view()),
      HasSubstr(R"("directives":[{"id":"a","level":"Shape","active":false,)"
                R"("expires_at":"2030-01-01T00:00:10Z","matched":0,"recorded":0,)"
                R"("refused":0,"thinned":null,"tripped":null,"reason":"INC-1","author":"ana"},)"
                R"({"id":"b","level":"ShapeTiming","active":true,)"
                R"("expires_at":"2030-01-01T00:01:00Z","matched":5,"recorded":3,)"
                R"("refused":0,"thinned":null,"tripped":null}],)"));
}

TEST(Status, ShowsSinceWhenAndWhyADirectiveIsThinned) {
  test::Parts dependencies;
  ASSERT_TRUE(dependencies.store.publish(
      R"({"directives":[{"id":"a","level":"Shape","ttl_secs":10}]})", std::nullopt));
  DirectiveUsage& usage = *dependencies.store.load()->directives()[0].usage;
  usage.thinning.set_notice(
      ThinningNotice{.since = dependencies.clock.now().wall + 1s, .rate = 381, .budget = 200});
  usage.refused = 7;
  EXPECT_THAT(status_of(dependencies, dependencies.view()),
              HasSubstr(R"("refused":7,"thinned":{"since":"2030-01-01T00:00:01Z",)"
                        R"("reason":"over budget: 381 records/s, budget 200"},"tripped":null}])"));
}

TEST(Status, ShowsWhatBecameOfRecords) {
  test::Parts dependencies;
  dependencies.observer.recorder(0).record(osproxy::test::make_record("a"), true);
  dependencies.observer.recorder(0).record(osproxy::test::make_record("b"), false);
  EXPECT_THAT(status_of(dependencies, dependencies.view()),
              HasSubstr(R"("records":{"recorded":2,"refused":0,)"
                        R"("explain":{"kept":2,"evicted":0,"dropped":0,"held":2},)"
                        R"("ring":{"kept":1,"evicted":0,"dropped":0,"held":1}},)"));
}

TEST(Status, SaysThatADirectiveAsksForCaptureWhereThereIsNone) {
  test::Parts dependencies;
  EXPECT_THAT(status_of(dependencies, dependencies.view()),
              testing::EndsWith(R"("capture":{"state":"off","reason":""}})"));
  ASSERT_TRUE(dependencies.store.publish(
      R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600,"capture":true}]})", {}));
  EXPECT_THAT(status_of(dependencies, dependencies.view()),
              testing::EndsWith(R"("capture":{"state":"off","reason":"a directive asks for )"
                                R"(capture, and --capture-dir is not set"}})"));
}

TEST(Status, ShowsWhatBecameOfCapturedExchanges) {
  test::Parts dependencies;
  const TempDir dir;
  CaptureWriter spool({.files = {.directory = dir.path()}});
  AdminDependencies view = dependencies.view();
  view.capture = &spool;
  spool.take(nullptr);
  EXPECT_THAT(
      status_of(dependencies, view),
      testing::EndsWith(
          R"("capture":{"state":"on","reason":"","written":0,"written_bytes":0,"truncated":0,)"
          R"("dropped":1,"removed_files":0,"waiting":0,"memory_bytes":0}})"));
}

TEST(Status, ShowsTheUpstreamNodes) {
  test::Parts dependencies;
  UpstreamStats stats({"a:1", "b:2"}, 2, dependencies.clock.now().wall);
  stats.of_worker(1).nodes[1].ejection.change(NodeFault::ConnectRefused,
                                              dependencies.clock.now().wall + 2s);
  stats.of_worker(0).nodes[0].in_flight.set(3);
  stats.of_worker(0).refused.add(4);
  AdminDependencies view = dependencies.view();
  view.upstreams = &stats;
  EXPECT_THAT(
      status_of(dependencies, view),
      HasSubstr(
          R"("upstreams":{"nodes":[{"node":"a:1","state":"healthy",)"
          R"("since":"2030-01-01T00:00:00Z","reason":"","ejected_by":0,"workers":2,)"
          R"("in_flight":3,"connections":0,"idle":0,"bad_addresses":0},)"
          R"({"node":"b:2","state":"ejected","since":"2030-01-01T00:00:02Z",)"
          R"("reason":"connect_refused","ejected_by":1,"workers":2,"in_flight":0,)"
          R"("connections":0,"idle":0,"bad_addresses":0}],"waiting":0,"refused":4},"records")"));
}

TEST(Status, CountsTheRequestsForTheNodesAddresses) {
  test::Parts dependencies;
  AdminDependencies view = dependencies.view();
  view.sniffing_requests = [] { return std::uint64_t{3}; };
  EXPECT_THAT(status_of(dependencies, view),
              HasSubstr(R"("clients":{"sniffing_requests":3},"records":{)"));
}

TEST(StoreMetrics, ShowTheStateAsOneOfFourAndSinceWhen) {
  test::FakeStore store;
  store.status_ = {.state = StoreState::Stale,
                   .since = WallTime(1'900'000'000s + 500ms),
                   .reason = "canary",
                   .revision = 4812,
                   .verified_age = 1500ms,
                   .rejected = Rejection{}};
  const auto metrics = std::make_shared<StoreMetrics>(store);
  const std::string text = to_exposition({metrics});
  EXPECT_THAT(text, testing::Not(HasSubstr("canary")));
  const auto page = parse_exposition(text);
  EXPECT_EQ(page.sample(R"(osproxy_store_state{state="stale"})"), 1);
  for (const char* other : {"connecting", "synced", "suspect"}) {
    EXPECT_EQ(page.sample(std::string(R"(osproxy_store_state{state=")") + other + "\"}"), 0);
  }
  EXPECT_DOUBLE_EQ(page.sample("osproxy_store_state_since_timestamp_seconds"), 1'900'000'000.5);
  EXPECT_EQ(page.sample("osproxy_store_revision"), 4812);
  EXPECT_EQ(page.sample("osproxy_store_rejected"), 1);
  EXPECT_EQ(page.sample("osproxy_store_verified_age_seconds"), 1.5);
}

TEST(StoreMetrics, AreAllInTheDocumentation) {
  std::ifstream file(OSPROXY_SOURCE_DIR "/docs/metrics.md");
  std::ostringstream documented;
  documented << file.rdbuf();
  test::Parts dependencies;
  const auto metrics = std::make_shared<StoreMetrics>(dependencies.store);
  const auto page = parse_exposition(to_exposition({metrics}));
  EXPECT_EQ(page.types.size(), 6U);
  for (const auto& [name, type] : page.types) {
    EXPECT_THAT(documented.str(), HasSubstr("| `" + name + "` | " + type + " |"));
  }
}

TEST(StoreMetrics, LeaveOutTheVerifiedAgeBeforeTheFirstProof) {
  test::FakeStore store;
  const auto metrics = std::make_shared<StoreMetrics>(store);
  EXPECT_THAT(to_exposition({metrics}), testing::Not(HasSubstr("verified_age")));
}

}  // namespace
}  // namespace osproxy::admin
