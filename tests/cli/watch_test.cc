// watch: a line for each change, and only then.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/cli/commands/watch_log.h"
#include "osproxy/store/document_applier.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::string_view kDocument =
    R"({"directives":[{"id":"a","level":"Shape","ttl_secs":600},)"
    R"({"id":"off","level":"Off","ttl_secs":1200},{"id":"over","level":"Shape",)"
    R"("expires_at":"2029-01-01T00:00:00Z"}]})";

// The contents of a store.
struct Held {
  ManualClock clock;
  DocumentApplier applier{{}, clock};
  StoreStatus status{.state = StoreState::Synced, .revision = 5, .verified_age = 1'234'567us};

  std::optional<std::string> next(WatchLog& log) {
    return log.next(status, *applier.cell().load(), clock.now());
  }
};

TEST(WatchLog, WritesALineOfExactlyTheDocumentedForm) {
  Held held;
  WatchLog log(Output::Json);
  ASSERT_TRUE(held.applier.apply(kDocument, 5));
  held.clock.advance(1'500'250us);
  EXPECT_EQ(held.next(log), R"({"t":1893456001.500250,"revision":5,"state":"synced",)"
                            R"("verified_age_ms":1234,"active":["a","off"],"rejected":null})");

  held.status.state = StoreState::Suspect;
  held.status.verified_age.reset();
  held.status.rejected = Rejection{
      .revision = 6, .fault = Fault::ZeroTtl, .where = "directives[0].ttl_secs", .at = {}};
  EXPECT_EQ(held.next(log),
            R"({"t":1893456001.500250,"revision":5,"state":"suspect","verified_age_ms":null,)"
            R"("active":["a","off"],"rejected":{"revision":6,"slug":"zero_ttl",)"
            R"("where":"directives[0].ttl_secs"}})");
}

TEST(WatchLog, IsSilentWhenNothingButTheAgeChanges) {
  Held held;
  WatchLog log(Output::Json);
  EXPECT_TRUE(held.next(log));
  held.clock.advance(1s);
  held.status.verified_age = 5s;
  held.status.reason = "other words";
  EXPECT_FALSE(held.next(log));
  held.status.revision = 6;
  EXPECT_TRUE(held.next(log));
  held.status.state = StoreState::Stale;
  EXPECT_TRUE(held.next(log));
  EXPECT_FALSE(held.next(log));
}

TEST(WatchLog, TakesAnExpiryForAChange) {
  Held held;
  WatchLog log(Output::Json);
  ASSERT_TRUE(held.applier.apply(kDocument, 5));
  EXPECT_THAT(held.next(log).value(), HasSubstr(R"("active":["a","off"])"));
  held.clock.advance(599s);
  EXPECT_FALSE(held.next(log));
  held.clock.advance(1s);
  EXPECT_THAT(held.next(log).value(), HasSubstr(R"("active":["off"])"));
  held.clock.advance(600s);
  EXPECT_THAT(held.next(log).value(), HasSubstr(R"("active":[])"));
}

TEST(WatchLog, WritesForAPersonToo) {
  Held held;
  WatchLog log(Output::Text);
  ASSERT_TRUE(held.applier.apply(kDocument, 5));
  EXPECT_EQ(held.next(log),
            "2030-01-01T00:00:00Z synced revision 5, verified 1.2s ago, active: a, off");
  held.applier.clear();
  held.status = {.state = StoreState::Suspect,
                 .reason = "connection refused",
                 .revision = 5,
                 .rejected = Rejection{.revision = 6, .fault = Fault::InvalidJson}};
  EXPECT_EQ(held.next(log),
            "2030-01-01T00:00:00Z suspect revision 5, never verified, active: nothing; "
            "connection refused; revision 6 rejected: invalid_json at the document");
}

// A store whose changes the test makes, on a separate thread.
class FakeStore final : public DirectiveStore {
 public:
  FakeStore(OnChange on_change, std::function<void(const OnChange&)> play)
      : thread_([on_change = std::move(on_change), play = std::move(play)] { play(on_change); }) {}

  const SnapshotCell<DirectiveSet>& cell() const noexcept override { return cell_; }
  StoreStatus status() const override { return {}; }

 private:
  SnapshotCell<DirectiveSet> cell_{DirectiveSet::empty_set()};
  std::jthread thread_;
};

TEST(Watch, PrintsTheStateAtTheStartAndThenEveryChangeUntilItIsStopped) {
  Harness harness;
  std::atomic<int> flushes = 0;
  harness.on_flush = [&] {
    ++flushes;
    flushes.notify_all();
  };
  harness.store = [&](OnChange on_change) {
    StoreStatus status{.state = StoreState::Connecting};
    on_change(status, DirectiveSet::empty_set());  // steps to the state at the start
    status.revision = 1;
    status.state = StoreState::Suspect;
    on_change(status, DirectiveSet::empty_set());
    status.state = StoreState::Synced;
    status.verified_age = 0ns;
    on_change(status, DirectiveSet::empty_set());
    return std::make_unique<FakeStore>(std::move(on_change),
                                       [&, status](const OnChange& changed) mutable {
                                         flushes.wait(0);  // the first line is out
                                         changed(status, DirectiveSet::empty_set());
                                         status.revision = 2;
                                         changed(status, DirectiveSet::empty_set());
                                         flushes.wait(1);
                                         harness.stop.request_stop();
                                       });
  };
  const Result result = harness.run({"watch", "--output", "json"});
  EXPECT_EQ(result.code, 0) << result.err;
  const std::string rest = R"("state":"synced","verified_age_ms":0,"active":[],"rejected":null})";
  EXPECT_EQ(result.out, R"({"t":1893456000.000000,"revision":1,)" + rest + "\n" +
                            R"({"t":1893456000.000000,"revision":2,)" + rest + "\n");
}

TEST(Watch, SaysThatEtcdCannotBeReachedAtTheStart) {
  Harness harness;
  const Result result = harness.run({"watch", "--key", "k", "--timeout", "1s"});
  EXPECT_EQ(result.code, 5);
  EXPECT_THAT(result.err, HasSubstr("127.0.0.1:2379: connection refused"));
  EXPECT_EQ(harness.etcd.access->target.key, "k");
  EXPECT_EQ(harness.etcd.access->timeout, 1s);
}

}  // namespace
}  // namespace osproxy::cli
