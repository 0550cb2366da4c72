#include "osproxy/observe/upstream_stats.h"

#include <fstream>
#include <memory>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/observe/metrics.h"
#include "osproxy/observe/upstream_metrics.h"
#include "tests/observe/exposition.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using test::parse_exposition;

const WallTime kStart(1'900'000'000s);

TEST(UpstreamStats, AllNodesAreHealthyAtFirst) {
  const UpstreamStats stats({"a:1", "b:2"}, 2, kStart);
  const auto nodes = stats.nodes();
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_EQ(nodes[1].name, "b:2");
  EXPECT_EQ(nodes[1].state, NodeState::Healthy);
  EXPECT_EQ(nodes[1].since, kStart);
}

TEST(UpstreamStats, AnEjectionLastsFromTheFirstWorkerToTheLast) {
  UpstreamStats stats({"a:1"}, 3, kStart);
  const auto ejection_of = [&](std::size_t worker) -> AtomicNodeHealth& {
    return stats.of_worker(worker).nodes[0].ejection;
  };
  ejection_of(1).change(NodeFault::Closed, kStart + 2s);
  ejection_of(0).change(NodeFault::ConnectRefused, kStart + 3s);
  UpstreamNode node = stats.nodes()[0];
  EXPECT_EQ(node.state, NodeState::Ejected);
  EXPECT_EQ(node.fault, NodeFault::Closed);
  EXPECT_EQ(node.since, kStart + 2s);
  EXPECT_EQ(node.ejected_by, 2U);

  ejection_of(1).change(NodeFault::None, kStart + 5s);
  EXPECT_EQ(stats.nodes()[0].fault, NodeFault::ConnectRefused);
  ejection_of(0).change(NodeFault::None, kStart + 4s);
  node = stats.nodes()[0];
  EXPECT_EQ(node.state, NodeState::Healthy);
  EXPECT_EQ(node.fault, NodeFault::None);
  EXPECT_EQ(node.since, kStart + 5s);
}

TEST(UpstreamStats, HealthChecksOverruleWorkers) {
  UpstreamStats stats({"a:1"}, 1, kStart);
  stats.of_worker(0).nodes[0].ejection.change(NodeFault::Closed, kStart + 1s);
  stats.probed(0).health.change(NodeFault::ResponseTimedOut, kStart + 2s);
  const UpstreamNode node = stats.nodes()[0];
  EXPECT_EQ(node.state, NodeState::Unhealthy);
  EXPECT_EQ(node.fault, NodeFault::ResponseTimedOut);
  EXPECT_EQ(node.since, kStart + 2s);
}

TEST(UpstreamStats, AnotherReasonContinuesAnEjection) {
  AtomicNodeHealth word;
  word.set({.since = kStart});
  word.change(NodeFault::ConnectRefused, kStart + 1s);
  word.change(NodeFault::BadStatus, kStart + 2s);
  EXPECT_EQ(word.get(), (NodeHealth{.fault = NodeFault::BadStatus, .since = kStart + 1s}));
}

TEST(UpstreamStats, CountersAreSumsOverTheWorkers) {
  UpstreamStats stats({"a:1", "b:2"}, 2, kStart);
  stats.of_worker(0).nodes[0].in_flight.set(2);
  stats.of_worker(1).nodes[0].in_flight.set(3);
  stats.of_worker(1).nodes[1].ejections.add(1);
  stats.of_worker(0).waiting.set(4);
  stats.of_worker(1).refused.add(1);
  EXPECT_EQ(stats.nodes()[0].in_flight, 5U);
  EXPECT_EQ(stats.nodes()[0].ejections, 0U);
  EXPECT_EQ(stats.nodes()[1].ejections, 1U);
  EXPECT_EQ(stats.totals().waiting, 4U);
  EXPECT_EQ(stats.totals().refused, 1U);
}

TEST(UpstreamMetrics, ShowEachNode) {
  UpstreamStats stats({"a:1", "b:2"}, 1, kStart);
  NodeCounters& b = stats.of_worker(0).nodes[1];
  b.connections.set(7);
  b.idle.set(3);
  b.connect_failures.add(5);
  b.bad_addresses.set(2);
  b.ejection.change(NodeFault::ConnectRefused, kStart + 1s);
  stats.of_worker(0).refused.add(9);
  const auto page = parse_exposition(to_exposition({std::make_shared<UpstreamMetrics>(stats)}));
  EXPECT_EQ(page.sample(R"(osproxy_upstream_healthy{node="a:1"})"), 1);
  EXPECT_EQ(page.sample(R"(osproxy_upstream_healthy{node="b:2"})"), 0);
  EXPECT_EQ(page.sample(R"(osproxy_upstream_health_since_timestamp_seconds{node="b:2"})"),
            1'900'000'001);
  EXPECT_EQ(page.sample(R"(osproxy_upstream_connections{node="b:2"})"), 7);
  EXPECT_EQ(page.sample(R"(osproxy_upstream_idle_connections{node="b:2"})"), 3);
  EXPECT_EQ(page.sample(R"(osproxy_upstream_connect_failures_total{node="b:2"})"), 5);
  EXPECT_EQ(page.sample(R"(osproxy_upstream_bad_addresses{node="b:2"})"), 2);
  EXPECT_EQ(page.sample("osproxy_upstream_refused_total"), 9);
}

TEST(UpstreamMetrics, AreAllInTheDocumentation) {
  std::ifstream file(OSPROXY_SOURCE_DIR "/docs/metrics.md");
  std::ostringstream documented;
  documented << file.rdbuf();
  const UpstreamStats stats({"a:1"}, 1, kStart);
  const auto page = parse_exposition(to_exposition({std::make_shared<UpstreamMetrics>(stats)}));
  EXPECT_EQ(page.types.size(), 12U);
  for (const auto& [name, type] : page.types) {
    EXPECT_THAT(documented.str(), testing::HasSubstr("| `" + name + "` | " + type + " |"));
  }
}

TEST(NodeFault, EachIsInTheManual) {
  std::ifstream file(OSPROXY_SOURCE_DIR "/docs/operating.md");
  std::ostringstream documented;
  documented << file.rdbuf();
  for (int i = 1; i <= static_cast<int>(NodeFault::BadStatus); ++i) {
    EXPECT_THAT(
        documented.str(),
        testing::HasSubstr("| `" + std::string(to_string(static_cast<NodeFault>(i))) + "` |"));
  }
}

}  // namespace
}  // namespace osproxy
