#include "osproxy/flight/recent.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

class RecentTest : public testing::Test {
 protected:
  void request(std::string id, std::string tenant, int status) {
    time_ += 1s;
    FlightShard& shard = recorder.shard(static_cast<std::size_t>(time_ / 1s) % 2);
    const BootTime now{time_};
    Record record;
    record.request_id = std::move(id);
    record.tenant = std::move(tenant);
    record.status = status;
    record.started = WallTime(time_);
    const auto choice = shard.end({.at = now, .is_notable = status >= 500}, shard.begin(now));
    ASSERT_TRUE(choice.is_kept);
    shard.keep(choice, record);
  }

  static std::string ids_of(const std::vector<Record>& records) {
    std::string ids;
    for (const Record& record : records) ids += record.request_id + " ";
    return ids;
  }

  FlightRecorder recorder{{}, 2, Random(1)};

 private:
  std::chrono::seconds time_{1'000};
};

TEST_F(RecentTest, ShowsSlowAndFailedOnesNewestFirst) {
  request("a", "acme", 500);
  request("b", "acme", 200);
  request("c", "other", 503);
  request("d", "acme", 502);
  EXPECT_EQ(ids_of(newest_notable(recorder, BootTime{}, {}, 10)), "d c a ");
  EXPECT_EQ(ids_of(newest_notable(recorder, BootTime{}, {}, 2)), "d c ");
  EXPECT_EQ(ids_of(newest_notable(recorder, BootTime{}, {.target = {.tenant = "acme"}}, 10)),
            "d a ");
}

TEST_F(RecentTest, FindsRequestsByTheirId) {
  request("a", "acme", 200);
  request("b", "acme", 200);
  request("a", "other", 500);
  const auto found = with_request_id(recorder, "a", 8);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].tenant, "other");
  EXPECT_EQ(found[1].tenant, "acme");
  EXPECT_TRUE(with_request_id(recorder, "c", 8).empty());
}

}  // namespace
}  // namespace osproxy
