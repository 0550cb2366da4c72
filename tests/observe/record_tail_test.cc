#include "osproxy/observe/record_tail.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/observe/records.h"

namespace osproxy {
namespace {

using test::make_record;
using namespace std::chrono_literals;

RecordPointer record(const std::string& id) {
  return std::make_shared<const Record>(make_record(id));
}

std::vector<std::string> ids_of(const RecordTail::Taken& taken) {
  std::vector<std::string> ids;
  for (const RecordPointer& one : taken.records) ids.push_back(one->request_id);
  return ids;
}

TEST(RecordTail, GivesEachReaderTheRecordsOfItsFilter) {
  RecordTail tail;
  const auto all = tail.open({});
  const auto none = tail.open({.target = {.tenant = "acme"}});
  tail.take(record("a"));
  tail.take(record("b"));
  EXPECT_THAT(ids_of(all->take()), testing::ElementsAre("a", "b"));
  EXPECT_THAT(ids_of(all->take()), testing::IsEmpty());
  EXPECT_THAT(ids_of(none->take()), testing::IsEmpty());
}

TEST(RecordTail, IsOpenAsLongAsThereIsAReader) {
  RecordTail tail;
  EXPECT_FALSE(tail.is_open());
  auto reader = tail.open({});
  EXPECT_TRUE(tail.is_open());
  reader.reset();
  EXPECT_FALSE(tail.is_open());
}

TEST(RecordTail, CountsRecordsThatOnlyTheOtherFiltersHoldBack) {
  RecordTail tail;
  const auto slow_ones = tail.open({.target = {.tenant = "acme"}, .slower = 1s});
  for (const auto& [tenant, latency] :
       {std::pair("acme", 2s), std::pair("acme", 0s), std::pair("other", 0s)}) {
    Record one = make_record("a");
    one.tenant = tenant;
    one.latency = latency;
    tail.take(std::make_shared<const Record>(one));
  }
  const RecordTail::Taken taken = slow_ones->take();
  EXPECT_EQ(taken.records.size(), 1U);
  EXPECT_EQ(taken.held_back, 1U);
  EXPECT_EQ(slow_ones->take().held_back, 0U);
}

TEST(RecordTail, KeepsNothingWithoutAReader) {
  RecordTail tail;
  tail.take(record("before"));
  const auto reader = tail.open({});
  EXPECT_THAT(ids_of(reader->take()), testing::IsEmpty());
}

TEST(RecordTail, TellsASlowReaderHowManyWereDropped) {
  RecordTail tail;
  const auto slow = tail.open({}, {.records = 2, .bytes = 1 << 20});
  const auto quick = tail.open({});
  for (const char* id : {"a", "b", "c", "d"}) tail.take(record(id));
  const RecordTail::Taken taken = slow->take();
  EXPECT_THAT(ids_of(taken), testing::ElementsAre("a", "b"));
  EXPECT_EQ(taken.dropped, 2U);
  EXPECT_EQ(slow->take().dropped, 0U);
  EXPECT_EQ(tail.totals().held, 4U);
  EXPECT_EQ(quick->take().dropped, 0U);
  EXPECT_EQ(tail.totals().kept, 6U);
  EXPECT_EQ(tail.totals().dropped, 2U);
}

TEST(RecordTail, BoundsWaitingRecordsByMemoryToo) {
  RecordTail tail;
  const auto reader = tail.open({}, {.records = 1'000, .bytes = 3 * sizeof(Record)});
  for (int i = 0; i < 10; ++i) tail.take(record("a"));
  const auto first = reader->take();
  EXPECT_EQ(first.records.size() + first.dropped, 10U);
  EXPECT_GT(first.dropped, 0U);
  tail.take(record("b"));
  EXPECT_THAT(ids_of(reader->take()), testing::ElementsAre("b"));
}

TEST(RecordTail, BoundsItsReadersAndFreesThePlacesOfOldOnes) {
  RecordTail tail;
  std::vector<std::unique_ptr<RecordTail::Reader>> readers;
  for (std::size_t i = 0; i < RecordTail::kMaxReaders; ++i) readers.push_back(tail.open({}));
  EXPECT_EQ(tail.open({}), nullptr);
  EXPECT_EQ(tail.readers(), RecordTail::kMaxReaders);
  readers.pop_back();
  EXPECT_NE(tail.open({}), nullptr);
}

TEST(RecordTail, CountsEveryLossWhileReadersComeAndGo) {
  RecordTail tail;
  const auto reader = tail.open({}, {.records = 50, .bytes = 1 << 20});
  std::atomic<int> running{2};
  const auto work = [&] {
    for (int i = 0; i < 5'000; ++i) tail.take(record("a"));
    running.fetch_sub(1);
  };
  std::jthread first(work);
  std::jthread second(work);
  std::uint64_t seen = 0;
  const auto look = [&] {
    const auto taken = reader->take();
    seen += taken.records.size() + taken.dropped;
    tail.open({});  // comes and goes
  };
  while (running.load() > 0) look();
  look();
  EXPECT_EQ(seen, 10'000U);
}

struct FilterCase {
  const char* what;
  RecordFilter filter;
  bool passes;
};

TEST(RecordFilter, ComparesEachAttribute) {
  Record record = make_record("a");
  record.directives = {"one", "two"};
  record.tenant = "acme";
  record.principal = "ana";
  record.index = "logs-*,-logs-2";
  record.client = "10.1.2.3";
  record.agent = "curl/8.0";
  record.opaque_id = "job";
  record.status = 503;
  record.latency = 1s;
  const FilterCase cases[] = {
      {"nothing", {}, true},
      {"a directive that selected it", {.directive = "two"}, true},
      {"another directive", {.directive = "three"}, false},
      {"its tenant", {.target = {.tenant = "acme"}}, true},
      {"another tenant", {.target = {.tenant = "acm"}}, false},
      {"its principal", {.target = {.principal = "ana"}}, true},
      {"another principal", {.target = {.principal = "bo"}}, false},
      {"its client", {.target = {.client = parse_cidr("10.0.0.0/8").value()}}, true},
      {"another client", {.target = {.client = parse_cidr("10.1.2.4").value()}}, false},
      {"its agent in any version", {.target = {.agent = "curl"}}, true},
      {"another version of its agent", {.target = {.agent = "curl/8.1"}}, false},
      {"its opaque id", {.target = {.opaque_id = "job"}}, true},
      {"another opaque id", {.target = {.opaque_id = "jo"}}, false},
      {"its endpoint", {.target = {.endpoint = Endpoint::Search}}, true},
      {"another endpoint", {.target = {.endpoint = Endpoint::Count}}, false},
      {"an index that its wildcard covers", {.target = {.index = "logs-1"}}, true},
      {"an index that it takes out", {.target = {.index = "logs-2"}}, false},
      {"its status class", {.status = StatusFilter::parse("5xx")}, true},
      {"another status", {.status = StatusFilter::parse("502")}, false},
      {"as slow as that", {.slower = 1'000ms}, true},
      {"slower than that", {.slower = 1'001ms}, false},
      {"two of which one does not pass", {.target = {.tenant = "acme"}, .slower = 2s}, false},
  };
  for (const FilterCase& c : cases) EXPECT_EQ(c.filter.passes(record), c.passes) << c.what;
}

}  // namespace
}  // namespace osproxy
