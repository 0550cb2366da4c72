#include "osproxy/observe/observer.h"

#include <atomic>
#include <ranges>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/record/packed_record.h"
#include "tests/observe/records.h"

namespace osproxy {
namespace {

using test::make_record;
using namespace std::chrono_literals;

std::vector<std::string> ids_of(const std::vector<Record>& records) {
  std::vector<std::string> ids;
  for (const Record& record : records) ids.push_back(record.request_id);
  return ids;
}

TEST(Observer, ExplainsARecordOfAnyWorker) {
  Observer observer({}, 3);
  observer.recorder(2).record(make_record("a"), false);
  ASSERT_EQ(observer.explain("a").size(), 1U);
  EXPECT_EQ(observer.explain("a")[0], make_record("a"));
  EXPECT_TRUE(observer.explain("b").empty());
}

// An id is the client's to choose: whoever sends another's must not hide the record.
TEST(Observer, ShowsAllRecordsWithOneIdThoseVouchedForFirst) {
  Observer observer({}, 2);
  const auto put = [&](int second, int status, bool verified, std::string upstream) {
    Record record = make_record("a", second);
    record.status = status;
    record.principal_verified = verified;
    record.upstream = std::move(upstream);
    observer.recorder(static_cast<std::size_t>(second) % 2).record(record, false);
  };
  put(1, 200, true, "n:1");
  put(2, 200, false, "n:1");
  for (int i = 3; i < 100; ++i) put(i, i % 2 == 0 ? 401 : 400, false, i % 2 == 0 ? "n:1" : "");
  const auto found = observer.explain("a");
  ASSERT_EQ(found.size(), 2 + Observer::kMaxOfOneId);
  EXPECT_EQ(found[0].started, test::at_second(2));
  EXPECT_EQ(found[1].started, test::at_second(1));
  EXPECT_EQ(found[2].started, test::at_second(99));
  EXPECT_EQ(found.back().started, test::at_second(92));
}

TEST(Observer, ExplainsTheNewestWhenTwoWorkersSawTheSameId) {
  Observer observer({}, 2);
  observer.recorder(0).record(make_record("a", 9), false);
  observer.recorder(1).record(make_record("a", 5), false);
  EXPECT_EQ(observer.explain("a")[0].started, test::at_second(9));
}

TEST(Observer, DividesTheTotalsOverTheWorkers) {
  Observer observer({.explain_max_records = 4, .explain_max_bytes = 1 << 20, .ring_records = 2}, 2);
  for (const char* id : {"a", "b", "c"}) observer.recorder(0).record(make_record(id), true);
  EXPECT_TRUE(observer.explain("a").empty());
  EXPECT_FALSE(observer.explain("b").empty());
  EXPECT_THAT(ids_of(observer.breakglass(10)), testing::ElementsAre("c"));
}

TEST(Observer, GivesEachWorkerRoomForOneWhenTheTotalIsSmall) {
  Observer observer({.explain_max_records = 1, .explain_max_bytes = 1 << 20, .ring_records = 1}, 4);
  for (std::size_t i = 0; i < 4; ++i) {
    observer.recorder(i).record(make_record("id-" + std::to_string(i)), true);
  }
  EXPECT_FALSE(observer.explain("id-3").empty());
  EXPECT_EQ(observer.breakglass(10).size(), 4U);
}

TEST(Observer, PutsOnlyMarkedRecordsIntoTheRing) {
  Observer observer({}, 1);
  observer.recorder(0).record(make_record("a"), false);
  observer.recorder(0).record(make_record("b"), true);
  EXPECT_THAT(ids_of(observer.breakglass(10)), testing::ElementsAre("b"));
  EXPECT_FALSE(observer.explain("b").empty());
}

TEST(Observer, ShowsTheRingNewestFirstAcrossWorkers) {
  Observer observer({}, 2);
  observer.recorder(0).record(make_record("first", 1), true);
  observer.recorder(1).record(make_record("second", 2), true);
  observer.recorder(0).record(make_record("third", 3), true);
  observer.recorder(1).record(make_record("fourth", 4), true);
  EXPECT_THAT(ids_of(observer.breakglass(3)), testing::ElementsAre("fourth", "third", "second"));
  EXPECT_TRUE(observer.breakglass(0).empty());
}

TEST(Observer, KeepsTheNewestOfTheRing) {
  Observer observer({.ring_records = 3}, 1);
  for (int i = 0; i < 8; ++i) {
    observer.recorder(0).record(make_record(std::to_string(i), i), true);
  }
  EXPECT_THAT(ids_of(observer.breakglass(10)), testing::ElementsAre("7", "6", "5"));
  const OutputTotals ring = observer.totals().ring;
  EXPECT_EQ(ring.kept, 8U);
  EXPECT_EQ(ring.evicted, 5U);
  EXPECT_EQ(ring.held, 3U);
}

TEST(Observer, CountsARequestWithAllOutputsOff) {
  Observer observer({.explain_max_records = 0, .explain_max_bytes = 0, .ring_records = 0}, 1);
  observer.recorder(0).record(make_record("a"), true);
  EXPECT_TRUE(observer.explain("a").empty());
  EXPECT_TRUE(observer.breakglass(10).empty());
  EXPECT_EQ(observer.totals().recorded, 1U);
  EXPECT_EQ(observer.totals().explain.dropped, 0U);
}

TEST(Observer, CountsARecordThatIsTooLargeAsDropped) {
  Observer observer({.explain_max_records = 10, .explain_max_bytes = 100, .ring_records = 0}, 1);
  observer.recorder(0).record(make_record("a"), false);
  EXPECT_TRUE(observer.explain("a").empty());
  EXPECT_EQ(observer.totals().explain.dropped, 1U);
  EXPECT_EQ(observer.totals().explain.kept, 0U);
}

TEST(Observer, ReportsTheContentsOfTheExplainStore) {
  Observer observer({.explain_max_records = 2}, 1);
  for (const char* id : {"a", "b", "c"}) observer.recorder(0).record(make_record(id), false);
  const ObserverTotals totals = observer.totals();
  EXPECT_EQ(totals.recorded, 3U);
  EXPECT_EQ(totals.explain.kept, 3U);
  EXPECT_EQ(totals.explain.evicted, 1U);
  EXPECT_EQ(totals.explain.held, 2U);
  EXPECT_GT(totals.explain.held_bytes, 2 * packed_size(make_record("b")));
}

class CollectingSink final : public RecordSink {
 public:
  void take(const RecordPointer& record) noexcept override { ids.push_back(record->request_id); }
  std::string_view name() const noexcept override { return "collecting"; }
  OutputTotals totals() const noexcept override { return {.kept = ids.size()}; }
  bool is_open() const noexcept override { return open; }
  std::vector<std::string> ids;
  bool open = true;
};

TEST(Observer, GivesEachRecordToTheSinksWithAllOutputsOff) {
  CollectingSink first;
  CollectingSink second;
  Observer observer({.explain_max_records = 0, .ring_records = 0}, 2, {&first, &second});
  observer.recorder(0).record(make_record("a"), false);
  observer.recorder(1).record(make_record("b"), true);
  EXPECT_THAT(first.ids, testing::ElementsAre("a", "b"));
  EXPECT_EQ(second.ids, first.ids);
  const auto outputs = observer.outputs();
  ASSERT_EQ(outputs.size(), 4U);  // after the observer's two outputs
  EXPECT_EQ(outputs[2].output, "collecting");
  EXPECT_EQ(outputs[2].totals.kept, 2U);
}

TEST(Observer, SkipsASinkThatIsNotOpen) {
  CollectingSink closed;
  CollectingSink open;
  closed.open = false;
  Observer observer({}, 1, {&closed, &open});
  observer.recorder(0).record(make_record("a"), true);
  EXPECT_THAT(closed.ids, testing::IsEmpty());
  EXPECT_THAT(open.ids, testing::ElementsAre("a"));

  open.open = false;
  observer.recorder(0).record(make_record("b"), true);
  EXPECT_FALSE(observer.explain("b").empty());
  EXPECT_THAT(ids_of(observer.breakglass(10)), testing::UnorderedElementsAre("a", "b"));
}

TEST(Observer, SumsRequestsByEndpointAndStatusClass) {
  Observer observer({}, 2);
  observer.recorder(0).count({.endpoint = Endpoint::Search,
                              .status = 200,
                              .latency = 3ms,
                              .request_bytes = 10,
                              .response_bytes = 100});
  observer.recorder(1).count({.endpoint = Endpoint::Search,
                              .status = 204,
                              .latency = 1ms,
                              .request_bytes = 1,
                              .response_bytes = 2});
  observer.recorder(1).count({.endpoint = Endpoint::Search, .status = 0, .latency = 60s});
  observer.recorder(1).count({.endpoint = Endpoint::Unknown, .status = 503, .latency = 1us});

  const ObserverTotals totals = observer.totals();
  const EndpointTotals& search = totals.endpoints[static_cast<std::size_t>(Endpoint::Search)];
  const auto count_of = [](const LatencyTotals& one) { return one.count(); };
  const auto counted = search.requests | std::views::transform(count_of);
  EXPECT_THAT(std::vector<std::uint64_t>(counted.begin(), counted.end()),
              testing::ElementsAre(1, 0, 2, 0, 0, 0));
  EXPECT_EQ(search.requests[2].buckets[1], 1U);      // 1 ms is inclusive
  EXPECT_EQ(search.requests[2].buckets[3], 1U);      // 3 ms: the bucket up to 5 ms
  EXPECT_EQ(search.requests[0].buckets.back(), 1U);  // above the last bound
  EXPECT_EQ(search.requests[2].sum, 4ms);
  EXPECT_EQ(search.requests[0].sum, 60s);
  EXPECT_EQ(search.request_bytes, 11U);
  EXPECT_EQ(search.response_bytes, 102U);
  const EndpointTotals& unknown = totals.endpoints[static_cast<std::size_t>(Endpoint::Unknown)];
  EXPECT_EQ(unknown.requests[5].count(), 1U);
}

TEST(Observer, CountsAnUnknownClassAsServerErrors) {
  Observer observer({}, 1);
  for (const int status : {-1, 99, 600, 999}) {
    observer.recorder(0).count({.endpoint = Endpoint::Count, .status = status});
  }
  const ObserverTotals totals = observer.totals();
  const EndpointTotals& counts = totals.endpoints[static_cast<std::size_t>(Endpoint::Count)];
  EXPECT_EQ(counts.requests[0].count(), 2U) << "no status at all";
  EXPECT_EQ(counts.requests[5].count(), 2U);
}

// For the thread sanitizer; and no reader may see half of a record.
TEST(Observer, ServesReadersWhileWorkersRecord) {
  constexpr std::size_t kWorkers = 3;
  constexpr int kRecords = 3'000;
  Observer observer({.explain_max_records = 60, .ring_records = 30}, kWorkers);
  std::atomic<bool> done{false};

  std::jthread reader([&] {
    while (!done) {
      const auto records = observer.explain("0-7");
      EXPECT_TRUE(records.empty() || records[0].request_id == "0-7");
      EXPECT_LE(observer.breakglass(100).size(), 30U);
      EXPECT_LE(observer.totals().explain.held, 60U);
    }
  });
  {
    std::vector<std::jthread> workers;
    for (std::size_t w = 0; w < kWorkers; ++w) {
      workers.emplace_back([&observer, w] {
        for (int i = 0; i < kRecords; ++i) {
          const std::string id = std::to_string(w) + "-" + std::to_string(i % 50);
          observer.recorder(w).count({.endpoint = Endpoint::Search, .status = 200});
          observer.recorder(w).record(make_record(id, i), i % 2 == 0);
        }
      });
    }
  }
  done = true;
  reader.join();

  const ObserverTotals totals = observer.totals();
  EXPECT_EQ(totals.recorded, kWorkers * kRecords);
  EXPECT_EQ(totals.explain.kept - totals.explain.evicted, totals.explain.held);
  EXPECT_EQ(totals.ring.kept, kWorkers * kRecords / 2);
  EXPECT_EQ(totals.endpoints[static_cast<std::size_t>(Endpoint::Search)].requests[2].count(),
            kWorkers * kRecords);
}

}  // namespace
}  // namespace osproxy
