// The list of running requests, and what a scan copies of it.
#include "osproxy/proxy/running_list.h"

#include <deque>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/proxy/running_listing.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

BootTime at(std::chrono::nanoseconds time) { return BootTime(time); }

class Entry final : public RunningEntry {
 public:
  Entry(RunningList& list, std::string id, std::chrono::nanoseconds started)
      : id_(std::move(id)), started_(at(started)) {
    list.add(*this);
  }
  BootTime started() const noexcept override { return started_; }
  bool passes(const RunningQuery& query, BootTime now) const noexcept override {
    return query.passes({.tenant = "acme"}, now - started_);
  }
  RunningRequest describe(BootTime now) const override {
    RunningRequest request;
    request.request_id = id_;
    request.age = now - started_;
    return request;
  }

 private:
  const std::string id_;
  const BootTime started_;
};

class RunningListTest : public testing::Test {
 protected:
  /// Scans to the end, and returns what is listed, the oldest first.
  RunningRequests scan(const RunningQuery& query, std::size_t max_bytes = 1 << 20) {
    RunningScan scan(list, query, {.now = at(100s), .max_bytes = max_bytes});
    while (!scan.step()) {
    }
    std::vector<RunningRequests> parts;
    parts.push_back(std::move(scan).take());
    return joined(std::move(parts), query.limit);
  }

  static std::vector<std::string> ids(const RunningRequests& found) {
    std::vector<std::string> ids;
    for (const RunningRequest& request : found.requests) ids.push_back(request.request_id);
    return ids;
  }

  RunningList list;
};

TEST_F(RunningListTest, ARequestIsListedUntilItEnds) {
  Entry stays(list, "a", 1s);
  {
    Entry ends(list, "b", 2s);
    EXPECT_THAT(ids(scan({})), ElementsAre("a", "b"));
  }
  EXPECT_THAT(ids(scan({})), ElementsAre("a"));
}

TEST_F(RunningListTest, KeepsTheOldestOfThoseThatPass) {
  Entry first(list, "young", 99s);
  Entry second(list, "old", 2s);
  Entry third(list, "oldest", 1s);  // its head came last
  Entry fourth(list, "older", 1500ms);
  const RunningRequests found = scan({.slower = 2s, .limit = 2});
  EXPECT_EQ(found.running, 4U);
  EXPECT_EQ(found.matched, 3U);
  EXPECT_THAT(ids(found), ElementsAre("oldest", "older"));
  EXPECT_EQ(scan({.target = {.tenant = "other"}}).matched, 0U);
}

TEST_F(RunningListTest, NamesBeyondTheBoundAreLeftOut) {
  Entry first(list, std::string(600, 'a'), 1s);
  Entry second(list, std::string(600, 'b'), 2s);
  const RunningRequests found = scan({}, 1000);
  EXPECT_EQ(found.matched, 2U);
  EXPECT_THAT(ids(found), ElementsAre(std::string(600, 'a')));
}

TEST_F(RunningListTest, RequestsComeAndGoBetweenTheSteps) {
  std::deque<std::unique_ptr<Entry>> entries;
  const auto add = [&](int count) {
    for (int i = 0; i < count; ++i) entries.push_back(std::make_unique<Entry>(list, "r", 1s));
  };
  add(3 * RunningScan::kStep);
  const RunningQuery query{.limit = kMaxListed};
  RunningScan scan(list, query, {.now = at(100s), .max_bytes = 1 << 20});
  ASSERT_FALSE(scan.step());
  RunningScan another(list, query, {.now = at(100s), .max_bytes = 1 << 20});
  // The ones that the scan has seen go, and the next ones as well. New ones do not count.
  for (std::size_t i = 0; i < RunningScan::kStep + 7; ++i) entries.pop_front();
  add(10 * RunningScan::kStep);
  int steps = 1;
  while (!scan.step()) ++steps;
  EXPECT_LE(steps, 4);
  EXPECT_EQ(std::move(scan).take().running, 3 * RunningScan::kStep - 7);
  while (!another.step()) {
  }
  EXPECT_EQ(std::move(another).take().running, 2 * RunningScan::kStep - 7);
}

TEST_F(RunningListTest, AScanThatIsGivenUpLeavesNoTrace) {
  std::deque<std::unique_ptr<Entry>> entries;
  for (std::size_t i = 0; i < 2 * RunningScan::kStep; ++i) {
    entries.push_back(std::make_unique<Entry>(list, "r", 1s));
  }
  {
    const RunningQuery query{.limit = 1};
    RunningScan given_up(list, query, {.now = at(100s), .max_bytes = 1 << 20});
    EXPECT_FALSE(given_up.step());
  }
  EXPECT_EQ(scan({}).running, entries.size());
}

TEST(RunningListing, NamesTheWorkersThatDoNotRespond) {
  RunningListing listing({}, 3);
  listing.put(1, RunningRequests{.running = 4});
  listing.put(2, std::nullopt);  // out of memory
  const RunningRequests all = listing.await(1ms);
  EXPECT_EQ(all.running, 4U);
  EXPECT_THAT(all.silent_workers, ElementsAre(0U, 2U));
  listing.put(0, RunningRequests{});  // too late, and harmless
}

TEST(RunningListing, WaitsForTheLastWorker) {
  RunningListing listing({}, 1);
  const std::jthread worker([&] { listing.put(0, RunningRequests{.running = 1}); });
  EXPECT_EQ(listing.await(1min).running, 1U);
}

}  // namespace
}  // namespace osproxy
