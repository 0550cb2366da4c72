#include "osproxy/flight/top.h"

#include <chrono>
#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "osproxy/flight/top_report.h"
#include "tests/flight/seeds.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

Record request_of(std::string tenant, std::chrono::milliseconds latency = 1ms, int status = 200) {
  Record record;
  record.tenant = std::move(tenant);
  record.latency = latency;
  record.status = status;
  record.request_bytes = 100;
  record.response_bytes = 20;
  return record;
}

void add(TopTable& table, const Record& record, double weight = 1,
         TopPeriod period = TopPeriod::Now) {
  const Sample sample{
      .weight = {.weight = weight, .chosen_weight = weight}, .is_notable = false, .record = record};
  table.see(sample, period);
  table.add(sample, period);
}

std::string keys_of(const TopResult& result) {
  std::string keys;
  for (const TopRow& row : result.rows) {
    for (const std::string& name : row.key) keys += name + ",";
    keys.back() = ' ';
  }
  return keys;
}

TEST(TopTable, SumsByName) {
  TopTable table({.by = {TopDimension::Tenant}, .sort = TopSort::Requests});
  add(table, request_of("a", 10ms));
  add(table, request_of("a", 20ms, 503), 4);
  add(table, request_of("b"));
  const TopResult result = table.top(10);
  ASSERT_EQ(keys_of(result), "a b ");
  const TopSums& sums = result.rows[0].now;
  EXPECT_EQ(sums.requests.value(), 5);
  EXPECT_EQ(sums.time_us.value(), 90'000);
  EXPECT_EQ(sums.bytes.value(), 600);
  EXPECT_EQ(sums.errors.value(), 4);
  EXPECT_EQ(result.total.now.requests.value(), 6);
  EXPECT_EQ(result.others_count, 0U);
}

struct Order {
  TopSort sort;
  std::string_view keys;
};

TEST(TopTable, SortsByEachSum) {
  const Order orders[] = {{TopSort::Requests, "many few failing slow "},
                          {TopSort::Time, "slow many few failing "},
                          {TopSort::Bytes, "many few failing slow "},
                          {TopSort::Errors, "failing few many slow "},
                          {TopSort::P99, "slow failing few many "}};
  for (const Order& order : orders) {
    TopTable table({.by = {TopDimension::Tenant}, .sort = order.sort});
    for (int i = 0; i < 9; ++i) add(table, request_of("many"));
    for (int i = 0; i < 3; ++i) add(table, request_of("few"));
    for (int i = 0; i < 2; ++i) add(table, request_of("failing", 1ms, 500));
    add(table, request_of("slow", 5s));
    EXPECT_EQ(keys_of(table.top(10)), order.keys) << to_string(order.sort);
  }
}

TEST(TopTable, SumsByCombinations) {
  TopTable table({.by = {TopDimension::Tenant, TopDimension::Status}, .sort = TopSort::Requests});
  add(table, request_of("a", 1ms, 200), 3);
  add(table, request_of("a", 1ms, 429), 2);
  add(table, request_of("", 1ms, 0));
  EXPECT_EQ(keys_of(table.top(10)), "a,200 a,429 , ");
}

TEST(TopTable, SumsUpTheRowsThatAreLeftOut) {
  TopTable table({.by = {TopDimension::Tenant}, .sort = TopSort::Requests});
  add(table, request_of("a"), 5);
  add(table, request_of("b"), 3);
  add(table, request_of("c"), 2);
  const TopResult result = table.top(1);
  EXPECT_EQ(keys_of(result), "a ");
  EXPECT_EQ(result.others_count, 2U);
  EXPECT_EQ(result.others.now.requests.value(), 5);
  EXPECT_EQ(result.total.now.requests.value(), 10);
}

TEST(TopTable, IgnoresSamplesThatStandForNone) {
  TopTable table({.by = {TopDimension::Tenant}});
  add(table, request_of("a"), 0);
  EXPECT_EQ(keys_of(table.top(10)), "");
}

/// It once claimed 1 ± 0 for a name whose only kept request was a slow one, in a flood.
TEST(TopTable, NoRowIsExactBesideThinnedSeconds) {
  TopTable table({.by = {TopDimension::Tenant}});
  add(table, request_of("flood"), 30);
  add(table, request_of("rare", 10s));
  add(table, request_of("failing", 1ms, 503));
  for (const TopRow& row : table.top(10).rows) {
    EXPECT_EQ(row.now.requests.largest(), 30) << row.key[0];
    EXPECT_EQ(row.now.bytes.largest(), 30 * 120) << row.key[0];
    EXPECT_EQ(row.now.time_us.largest(), 30 * 1'000) << row.key[0];
    EXPECT_EQ(row.now.errors.error(), 0) << row.key[0];  // no failed request was thinned out
    EXPECT_EQ(row.before.requests.error(), 0) << row.key[0];
  }
}

TEST(TopTable, FailedRowsAreExactBesideThinnedOthers) {
  for (const TopDimension by : {TopDimension::Status, TopDimension::Error}) {
    TopTable table({.by = {by}});
    add(table, request_of("a", 1ms), 30);
    Record failed = request_of("a", 1ms, 503);
    failed.error = "upstream_gone";
    add(table, failed);
    for (const TopRow& row : table.top(10).rows) {
      const bool is_failed = row.now.errors.value() > 0;
      EXPECT_EQ(row.now.requests.error() == 0, is_failed) << row.key[0];
      EXPECT_EQ(row.now.time_us.error() == 0, is_failed) << row.key[0];
    }
  }
}

/// By shape, only chosen requests count, of failed ones as of others.
TEST(TopTable, FailedRowsByShapeAreNotExact) {
  TopTable table({.by = {TopDimension::Shape, TopDimension::Status}});
  add(table, request_of("a", 1ms), 30);
  add(table, request_of("a", 1ms, 503));
  for (const TopRow& row : table.top(10).rows) {
    EXPECT_EQ(row.now.requests.largest(), 30);
    EXPECT_EQ(row.now.errors.largest(), 30);
  }
}

TEST(TopTable, KnowsTheSamplesThatAFilterHoldsBack) {
  TopTable table({.by = {TopDimension::Tenant}});
  const Record other = request_of("other");
  table.see({.weight = {.weight = 8, .chosen_weight = 8}, .is_notable = false, .record = other},
            TopPeriod::Now);
  EXPECT_EQ(table.top(10).total.now.requests.value(), 0);
  EXPECT_EQ(table.top(10).total.now.requests.largest(), 8);
  // An instance that has no row of a name could have missed it, too.
  TopTable both({.by = {TopDimension::Tenant}});
  add(both, request_of("a"));
  both.add(table.top(10));
  ASSERT_EQ(keys_of(both.top(10)), "a ");
  EXPECT_EQ(both.top(10).rows[0].now.requests.largest(), 8);
}

TEST(TopDimension, HasOneNameAndTakesTheFlagsToo) {
  EXPECT_EQ(to_string(TopDimension::OpaqueId), "opaque_id");
  EXPECT_EQ(parse_top_dimension("opaque_id"), TopDimension::OpaqueId);
  EXPECT_EQ(parse_top_dimension("opaque-id"), TopDimension::OpaqueId);
  EXPECT_EQ(parse_top_dimension("opaque"), std::nullopt);
}

TEST(TopTable, ComparesShares) {
  TopTable table({.by = {TopDimension::Tenant}, .sort = TopSort::Requests, .compares = true});
  add(table, request_of("steady"), 60);
  add(table, request_of("steady"), 600, TopPeriod::Before);
  add(table, request_of("grown"), 30);
  add(table, request_of("grown"), 100, TopPeriod::Before);
  add(table, request_of("new"), 10);
  add(table, request_of("gone"), 300, TopPeriod::Before);
  EXPECT_EQ(keys_of(table.top(10)), "gone grown new steady ");
}

TEST(TopTable, AddsTablesOfOtherInstances) {
  const TopQuery query{.by = {TopDimension::Tenant}, .sort = TopSort::Requests};
  TopTable one(query);
  TopTable other(query);
  TopTable both(query);
  for (TopTable* const table : {&one, &both}) {
    add(*table, request_of("a"), 5);
    add(*table, request_of("b", 3ms), 3);
  }
  for (TopTable* const table : {&other, &both}) {
    add(*table, request_of("b", 1s, 500), 4);
    add(*table, request_of("c"), 1);
  }
  TopTable merged(query);
  merged.add(one.top(100));
  merged.add(other.top(100));
  EXPECT_EQ(merged.top(2), both.top(2));
}

TEST(TopReport, IsReadAsItWasWritten) {
  TopReport report{.instance = "proxy-1",
                   .window = 600s,
                   .last = 300s,
                   .against = 120s,
                   .covered = 250s,
                   .query = {.by = {TopDimension::Tenant, TopDimension::Index},
                             .sort = TopSort::Bytes,
                             .compares = true},
                   .result = {}};
  TopTable table(report.query);
  add(table, request_of("a\"\n"), 2.5);
  add(table, request_of("b", 7s), 1, TopPeriod::Before);
  add(table, request_of("c"));
  report.result = table.top(2);
  EXPECT_EQ(decode_top_report(encode_top_report(report)), report);
}

TEST(TopReport, RefusesOtherJson) {
  for (const char* const json : {"", "{", "[]", "{}", R"({"rows":[]})",
                                 R"({"rows":[],"total":{},"others":{},"by":["colour"]})"}) {
    EXPECT_FALSE(decode_top_report(json).has_value()) << json;
  }
}

/// Each was shown once, or counted in.
TEST(TopReport, RefusesNumbersThatNobodyCounted) {
  const TopQuery query{.by = {TopDimension::Tenant}, .sort = TopSort::Time};
  TopTable table(query);
  add(table, request_of("a"));
  const std::string good = encode_top_report(
      {.instance = "p", .last = 300s, .covered = 300s, .query = query, .result = table.top(10)});
  ASSERT_TRUE(decode_top_report(good));
  constexpr std::string_view kValue = R"("requests":{"value":1,)";
  constexpr std::string_view kBucket = "[80,1]";
  const std::pair<std::string_view, std::string_view> changes[] = {
      {kValue, R"("requests":{"value":-1,)"},
      {kValue, R"("requests":{"value":1e300,)"},
      {kValue, R"("requests":{"value":1e999,)"},
      {kValue, R"("requests":{"value":NaN,)"},
      {kValue, R"("requests":{"value":"NaN",)"},
      {kValue, R"("requests":{"value":9007199254740994,)"},
      {kValue, R"("requests":{)"},
      {R"("variance":0)", R"("variance":-1)"},
      {R"("variance":0)", R"("variance":1e300)"},
      {R"("largest":0)", R"("largest":-1)"},
      {R"("time_us":{)", R"("time":{)"},
      {kBucket, "[99999,1]"},
      {kBucket, "[80,-1]"},
      {kBucket, "[80,1e300]"},
      {kBucket, "[]"},
      {R"("covered_secs":300)", R"("covered_secs":-300)"},
      {R"("covered_secs":300)", R"("covered_secs":9223372036854775807)"},
      {R"("key":["a"])", R"("key":[])"},
      {R"("key":["a"])", R"("key":["a","b"])"},
      {R"("others":{"rows":0)", R"("others":{"rows":-1)"}};
  for (const auto& [part, by] : changes) {
    std::string json = good;
    ASSERT_TRUE(json.contains(part)) << part << " in " << good;
    json.replace(json.find(part), part.size(), by);
    EXPECT_FALSE(decode_top_report(json).has_value()) << json;
  }
}

/// The names of the first ten by requests.
std::vector<std::string> first_ten(const std::map<std::string, double>& counts) {
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, count] : counts) order.emplace_back(-count, name);
  std::ranges::sort(order);
  std::vector<std::string> names;
  for (std::size_t i = 0; i < 10; ++i) names.push_back(order[i].second);
  return names;
}

/// Ten thousand tenants by Zipf's law, more requests than the recorder holds, and an exact twin.
TEST(TopTable, FindsTheTopOfAZipfDistribution) {
  constexpr int kTenants = 10'000;
  std::vector<double> cumulative;
  double sum = 0;
  for (int i = 1; i <= kTenants; ++i) cumulative.push_back(sum += 1.0 / i);
  for (std::uint64_t seed = 1; seed <= test::seeds(5); ++seed) {
    Random random(seed);
    FlightRecorder recorder({.bytes = 16 << 20, .window = 600s}, 1, Random(seed + 1'000));
    FlightShard& shard = recorder.shard(0);
    std::map<std::string, double> truth;
    std::map<std::string, double> time_us;
    std::map<std::string, double> errors;
    BootTime now{1'000s};
    for (int i = 0; i < 200'000; ++i) {
      now += 1ms;
      const double point = sum * static_cast<double>(random.below(1 << 30)) / (1 << 30);
      const auto tenant =
          std::to_string(std::ranges::upper_bound(cumulative, point) - cumulative.begin());
      const std::chrono::milliseconds latency(random.below(100) == 0 ? 500 : 1 + random.below(20));
      const bool fails = random.below(50) == 0;
      ++truth[tenant];
      time_us[tenant] += static_cast<double>(std::chrono::microseconds(latency).count());
      errors[tenant] += fails;
      const auto choice = shard.end(
          {.at = now, .latency = latency, .bytes = 120, .is_notable = fails}, shard.begin(now));
      if (choice.is_kept) shard.keep(choice, request_of(tenant, latency, fails ? 503 : 200));
    }
    TopTable table({.by = {TopDimension::Tenant}, .sort = TopSort::Requests});
    recorder.visit({}, [&](const Sample& sample) {
      table.see(sample, TopPeriod::Now);
      table.add(sample, TopPeriod::Now);
    });
    const TopResult result = table.top(10);
    const auto true_ten = first_ten(truth);
    int hits = 0;
    for (const TopRow& row : result.rows) {
      hits += static_cast<int>(std::ranges::count(true_ten, row.key[0]));
      const TopSums& sums = row.now;
      EXPECT_NEAR(sums.requests.value(), truth[row.key[0]], sums.requests.error()) << seed;
      EXPECT_GT(sums.requests.error(), 0);
      EXPECT_NEAR(sums.time_us.value(), time_us[row.key[0]], sums.time_us.error()) << seed;
      EXPECT_NEAR(sums.errors.value(), errors[row.key[0]], sums.errors.error()) << seed;
    }
    EXPECT_GE(hits, 9) << "seed " << seed;
    EXPECT_NEAR(result.total.now.requests.value(), 200'000, result.total.now.requests.error());
  }
}

}  // namespace
}  // namespace osproxy
