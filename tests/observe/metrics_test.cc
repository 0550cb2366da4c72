#include "osproxy/observe/metrics.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/utf8.h"
#include "osproxy/directive/life.h"
#include "tests/observe/exposition.h"
#include "tests/observe/names.h"
#include "tests/observe/records.h"

namespace osproxy {
namespace {

using test::make_record;
using test::parse_exposition;
using namespace std::chrono_literals;

Directive directive(std::string id, Level level, std::chrono::seconds life) {
  Directive result;
  result.id = std::move(id);
  result.level = level;
  result.end = life;
  return result;
}

/// Returns the families that it is given.
class FixedMetrics final : public prometheus::Collectable {
 public:
  explicit FixedMetrics(std::vector<prometheus::MetricFamily> families)
      : families_(std::move(families)) {}

  std::vector<prometheus::MetricFamily> Collect() const override { return families_; }

 private:
  const std::vector<prometheus::MetricFamily> families_;
};

/// A gauge with one series for each value of its label.
prometheus::MetricFamily gauge_of(const std::vector<std::string>& values) {
  auto family = metric_family("a_gauge", "A gauge.", prometheus::MetricType::Gauge);
  double number = 0;
  for (const std::string& value : values) add_gauge(family, ++number, {{"file", value}});
  return family;
}

test::Exposition scrape(const Observer& observer) {
  const auto metrics = std::make_shared<ObserverMetrics>(observer);
  return parse_exposition(to_exposition({metrics}));
}

TEST(Exposition, HasEachSeriesOnce) {
  const auto metrics =
      std::make_shared<FixedMetrics>(std::vector{gauge_of({"a", "b", "a"}), gauge_of({"c", "b"})});
  const std::string text = to_exposition({metrics});
  const auto page = parse_exposition(text);  // fails for a series or a type that is there twice
  EXPECT_EQ(page.sample(R"(a_gauge{file="a"})"), 1);
  EXPECT_EQ(page.sample(R"(a_gauge{file="b"})"), 2);
  EXPECT_EQ(page.sample(R"(a_gauge{file="c"})"), 1);
  EXPECT_EQ(page.samples.size(), 3u);
}

TEST(Exposition, IsVisibleUtf8WhateverANameHolds) {
  const auto metrics = std::make_shared<FixedMetrics>(
      std::vector{gauge_of({"caf\xe9.pem", "caf\xe8.pem", std::string("a\0b", 3), "a\nb\r",
                            "\xC2\x9b\u202e", "q\"uo\\te", "K\u00e4se"})});
  const std::string text = to_exposition({metrics});
  EXPECT_TRUE(is_valid_utf8(text));
  EXPECT_THAT(text, testing::HasSubstr(R"(a_gauge{file="caf\\xe9.pem"} 1)"));
  EXPECT_THAT(text, testing::HasSubstr(R"(a_gauge{file="caf\\xe8.pem"} 2)"));
  EXPECT_THAT(text, testing::HasSubstr(R"(a_gauge{file="a\\u0000b"} 3)"));
  EXPECT_THAT(text, testing::HasSubstr(R"(a_gauge{file="a\\u000ab\\u000d"} 4)"));
  EXPECT_THAT(text, testing::HasSubstr(R"(a_gauge{file="\\u009b\\u202e"} 5)"));
  EXPECT_THAT(text, testing::HasSubstr(R"(a_gauge{file="q\"uo\\te"} 6)"));
  EXPECT_THAT(text, testing::HasSubstr("a_gauge{file=\"K\u00e4se\"} 7"));
}

TEST(Exposition, LeavesAFamilyOutThatChangesItsType) {
  auto counter = metric_family("a_gauge", "A gauge.", prometheus::MetricType::Counter);
  add_counter(counter, 5);
  const auto metrics =
      std::make_shared<FixedMetrics>(std::vector{gauge_of({"a"}), std::move(counter)});
  EXPECT_EQ(parse_exposition(to_exposition({metrics})).samples.size(), 1u);
}

TEST(ObserverMetrics, ShowsRequestsByEndpointAndStatusClass) {
  Observer observer({}, 2);
  observer.recorder(0).count({.endpoint = Endpoint::Search, .status = 200});
  observer.recorder(1).count({.endpoint = Endpoint::Search, .status = 201});
  observer.recorder(1).count({.endpoint = Endpoint::IngestBulk, .status = 429});
  const auto page = scrape(observer);
  EXPECT_EQ(page.types.at("osproxy_requests_total"), "counter");
  EXPECT_EQ(page.sample(R"(osproxy_requests_total{endpoint="Search",status_class="2xx"})"), 2);
  EXPECT_EQ(page.sample(R"(osproxy_requests_total{endpoint="IngestBulk",status_class="4xx"})"), 1);
}

TEST(ObserverMetrics, ShowsLatencyAsACumulativeHistogram) {
  Observer observer({}, 1);
  for (const auto latency : {700us, 3'000us, 45'000'000us}) {
    observer.recorder(0).count({.endpoint = Endpoint::Search, .status = 200, .latency = latency});
  }
  observer.recorder(0).count({.endpoint = Endpoint::Search, .status = 503, .latency = 100us});
  const auto page = scrape(observer);
  const std::string name = "osproxy_request_duration_seconds";
  EXPECT_EQ(page.types.at(name), "histogram");
  EXPECT_EQ(page.sample(name + R"(_bucket{endpoint="Search",status_class="2xx",le="0.0005"})"), 0);
  EXPECT_EQ(page.sample(name + R"(_bucket{endpoint="Search",status_class="2xx",le="0.001"})"), 1);
  EXPECT_EQ(page.sample(name + R"(_bucket{endpoint="Search",status_class="2xx",le="30"})"), 2);
  EXPECT_EQ(page.sample(name + R"(_bucket{endpoint="Search",status_class="2xx",le="+Inf"})"), 3);
  EXPECT_EQ(page.sample(name + R"(_count{endpoint="Search",status_class="2xx"})"), 3);
  EXPECT_EQ(page.sample(name + R"(_count{endpoint="Search",status_class="5xx"})"), 1);
  EXPECT_DOUBLE_EQ(page.sample(name + R"(_sum{endpoint="Search",status_class="2xx"})"), 45.0037);
}

TEST(ObserverMetrics, ShowsBodyBytes) {
  Observer observer({}, 1);
  observer.recorder(0).count({.endpoint = Endpoint::Search,
                              .status = 200,
                              .request_bytes = 5'000'000'000,
                              .response_bytes = 7});
  const auto page = scrape(observer);
  EXPECT_EQ(page.sample(R"(osproxy_request_body_bytes_total{endpoint="Search"})"), 5e9);
  EXPECT_EQ(page.sample(R"(osproxy_response_body_bytes_total{endpoint="Search"})"), 7);
}

TEST(ObserverMetrics, ShowsHowManyRequestsMatched) {
  Observer observer({}, 2);
  observer.recorder(0).count({.endpoint = Endpoint::Search, .status = 200, .matched = true});
  observer.recorder(1).count({.endpoint = Endpoint::Search, .status = 200, .matched = true});
  observer.recorder(1).count({.endpoint = Endpoint::Search, .status = 200});
  EXPECT_EQ(scrape(observer).sample("osproxy_requests_matched_total"), 2);
}

TEST(ObserverMetrics, CountsRecordsByOutput) {
  Observer observer({.explain_max_records = 1, .ring_records = 5}, 1);
  for (const char* id : {"a", "b"}) observer.recorder(0).record(make_record(id), true);
  const auto page = scrape(observer);
  EXPECT_EQ(page.sample("osproxy_records_total"), 2);
  EXPECT_EQ(page.sample(R"(osproxy_output_records_total{output="explain"})"), 2);
  EXPECT_EQ(page.sample(R"(osproxy_output_records_evicted_total{output="explain"})"), 1);
  EXPECT_EQ(page.sample(R"(osproxy_output_records_held{output="ring"})"), 2);
  EXPECT_EQ(page.sample(R"(osproxy_output_records_dropped_total{output="ring"})"), 0);
  EXPECT_GT(page.sample("osproxy_explain_store_bytes"), 0);
}

TEST(ObserverMetrics, HasNoLabelThatAClientCanChoose) {
  Observer observer({}, 1);
  Record record = make_record("canary-id");
  record.trace_id = record.index = record.tenant = record.principal = "canary-name";
  record.directives = {"canary-directive"};
  record.upstream = "canary-upstream";
  observer.recorder(0).record(record, true);
  observer.recorder(0).count({.endpoint = Endpoint::Search, .status = 200});
  const auto metrics = std::make_shared<ObserverMetrics>(observer);
  const std::string page = to_exposition({metrics});
  EXPECT_THAT(page, testing::Not(testing::HasSubstr("canary")));

  EXPECT_THAT(test::names_before(page, "=\""),
              testing::Each(testing::AnyOf("endpoint", "status_class", "le", "output", "reason")));
}

TEST(DirectiveMetrics, ShowsAllDirectivesAndThoseNotOverByLevel) {
  ManualClock clock;
  LifeLedger ledger;
  const Document document{.directives = {directive("a", Level::Shape, 10s),
                                         directive("b", Level::Shape, 100s),
                                         directive("c", Level::ShapeTiming, 100s)}};
  const auto set = DirectiveSet::compile(document, ledger, clock.now());
  clock.advance(50s);
  const auto metrics = std::make_shared<DirectiveMetrics>([&] { return set; }, clock);
  const auto page = parse_exposition(to_exposition({metrics}));
  EXPECT_EQ(page.types.at("osproxy_directives"), "gauge");
  EXPECT_EQ(page.sample("osproxy_directives"), 3);
  EXPECT_EQ(page.sample(R"(osproxy_directives_active{level="Off"})"), 0);
  EXPECT_EQ(page.sample(R"(osproxy_directives_active{level="Shape"})"), 1);
  EXPECT_EQ(page.sample(R"(osproxy_directives_active{level="ShapeTiming"})"), 1);
}

TEST(Exposition, LeavesOutADestroyedCollectable) {
  Observer observer({}, 1);
  auto metrics = std::make_shared<ObserverMetrics>(observer);
  const Collectables collectables{metrics};
  EXPECT_FALSE(to_exposition(collectables).empty());
  metrics.reset();
  EXPECT_TRUE(to_exposition(collectables).empty());
}

TEST(Exposition, HasOnlyMetricsThatTheDocumentationLists) {
  std::ifstream file(OSPROXY_SOURCE_DIR "/docs/metrics.md");
  std::ostringstream documented;
  documented << file.rdbuf();

  ManualClock clock;
  Observer observer({}, 1);
  const auto requests = std::make_shared<ObserverMetrics>(observer);
  const auto directives =
      std::make_shared<DirectiveMetrics>([] { return DirectiveSet::empty_set(); }, clock);
  const auto page = parse_exposition(to_exposition({requests, directives}));
  for (const auto& [name, type] : page.types) {
    EXPECT_THAT(documented.str(), testing::HasSubstr("| `" + name + "` | " + type + " |"));
  }
}

}  // namespace
}  // namespace osproxy
