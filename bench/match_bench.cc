// Measures the cost that every request pays for matching: a snapshot load and a match.
//
//   build/release/bin/match_bench
//
// Prints a table with the ratio to each aim. docs/design/matching.md shows such a table.
#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/medians.h"
#include "osproxy/core/cidr.h"
#include "osproxy/core/manual_clock.h"
#include "osproxy/directive/directive_set.h"
#include "osproxy/directive/naive_matcher.h"
#include "osproxy/snapshot/snapshot.h"

namespace osproxy {
namespace {

constexpr int kDirectives = 10'000;
const Now kNow = ManualClock().now();

/// A set of kDirectives directives. `target(i)` makes the target of each.
DirectiveSet::Pointer make_set(const std::function<Target(int)>& target) {
  Document document;
  for (int i = 0; i < kDirectives; ++i) {
    document.directives.push_back({.id = std::to_string(i),
                                   .level = Level::Shape,
                                   .end = RelativeEnd{3600},
                                   .target = target(i)});
  }
  LifeLedger ledger;
  return DirectiveSet::compile(std::move(document), ledger, kNow);
}

Target other_tenant(int i) { return {.tenant = fmt::format("tenant-{:05}", i)}; }
Target other_principal(int i) { return {.principal = fmt::format("service-{:05}", i)}; }
Target other_index(int i) { return {.index = fmt::format("orders-{:05}", i)}; }

Target other_client(int i) {
  const auto high = static_cast<std::uint8_t>(i / 256);
  const auto low = static_cast<std::uint8_t>(i % 256);
  return {.client = Cidr{.first = IpAddress::of_v4({10, 9, high, low}), .bits = 128}};
}
Target other_agent(int i) { return {.agent = fmt::format("service-{:05}/1.0", i)}; }

/// All eight combinations of tenant, principal and endpoint; every second one has an index.
Target mixed(int i) {
  Target target;
  if (i & 1) target.tenant = fmt::format("tenant-{:05}", i);
  if (i & 2) target.principal = fmt::format("service-{:05}", i);
  if (i & 4) target.endpoint = Endpoint::DeleteByQuery;
  if ((i & 8) || (i & 7) == 0) target.index = fmt::format("orders-{:05}", i);
  return target;
}

/// One directive fits, and all others do not.
Target one_fits(int i) { return i == 5000 ? Target{.tenant = "acme-7"} : other_tenant(i); }

/// Requests that differ, so that no branch is predicted from the previous request.
struct Requests {
  explicit Requests(std::string_view index) {
    for (std::size_t i = 0; i < tenants.size(); ++i) {
      tenants[i] = fmt::format("acme-{}", i);
      principals[i] = fmt::format("ingest-{}", i);
      indices[i] = index.empty() ? fmt::format("logs-2026.11.{:02}", i) : std::string(index);
      ids[i] = fmt::format("{:032x}", i * 0x9e3779b97f4a7c15);
    }
  }

  Attributes attributes(std::size_t i) const {
    return {.tenant = tenants[i],
            .index = indices[i],
            .principal = principals[i],
            .endpoint = static_cast<Endpoint>(i % 6),
            .client = "10.9.60.7",
            .agent = "opensearch-py/2.4",
            .client_address = IpAddress::of_v4({10, 9, static_cast<std::uint8_t>(60 + i), 7})};
  }

  static constexpr std::size_t kCount = 32;
  std::array<std::string, kCount> tenants, principals, indices, ids;
};

struct Case {
  const char* name;
  DirectiveSet::Pointer set;
  const char* index;  // index of the requests; empty: each has another name
  double figure_ns;   // the aim; 0: none
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"empty set", DirectiveSet::empty_set(), "", 5},
      {"10,000 for other tenants", make_set(other_tenant), "", 100},
      {"10,000 for other principals", make_set(other_principal), "", 100},
      {"10,000 for other clients", make_set(other_client), "", 100},
      {"10,000 for other agents", make_set(other_agent), "", 100},
      {"10,000 for other indices", make_set(other_index), "", 100},
      {"10,000 for other indices, request logs-*", make_set(other_index), "logs-*", 0},
      {"10,000 for other indices, request *s-*x*", make_set(other_index), "*s-*x*", 0},
      {"10,000 of all kinds, none fits", make_set(mixed), "", 100},
      {"10,000, one of 32 requests fits one", make_set(one_fits), "", 0},
  };
  return all;
}

void load_and_match(benchmark::State& state, const SnapshotCell<DirectiveSet>& cell,
                    const Requests& requests) {
  SnapshotReader<DirectiveSet> reader(cell);
  std::size_t i = 0;
  for (auto _ : state) {
    const DirectiveSet& set = *reader.load();
    Verdict verdict;
    if (!set.empty()) verdict = set.match(requests.attributes(i), kNow, requests.ids[i]);
    benchmark::DoNotOptimize(verdict);
    i = (i + 1) % Requests::kCount;
  }
}

void naive(benchmark::State& state, const DirectiveSet& set) {
  const Requests requests("");
  std::size_t i = 0;
  for (auto _ : state) {
    Verdict verdict = naive_match(set.directives(), requests.attributes(i), kNow, requests.ids[i]);
    benchmark::DoNotOptimize(verdict);
    i = (i + 1) % Requests::kCount;
  }
}

std::vector<int> thread_counts() {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return cores > 1 ? std::vector{1, cores} : std::vector{1};
}

std::string full_name(const std::string& name, int threads) {
  return threads == 1 ? name + "/1 thread" : fmt::format("{}/{} threads", name, threads);
}

}  // namespace
}  // namespace osproxy

int main(int argc, char** argv) {
  using namespace osproxy;
  for (const Case& c : cases()) {
    for (const int threads : thread_counts()) {
      auto run = [cell = std::make_shared<const SnapshotCell<DirectiveSet>>(c.set),
                  requests = Requests(c.index)](benchmark::State& state) {
        load_and_match(state, *cell, requests);
      };
      benchmark::RegisterBenchmark(full_name(c.name, threads).c_str(), run)->Threads(threads);
    }
  }
  const std::string naive_name = "10,000 for other tenants, naive twin";
  benchmark::RegisterBenchmark(naive_name.c_str(),
                               [](benchmark::State& state) { naive(state, *cases()[1].set); });

  bench::Medians medians;
  medians.run(argc, argv);

  fmt::print("{:<44} {:>8} {:>10} {:>8} {:>7}\n", "load + match", "threads", "median ns", "figure",
             "ratio");
  for (const Case& c : cases()) {
    for (const int threads : thread_counts()) {
      const double ns =
          medians.of(full_name(c.name, threads) + fmt::format("/threads:{}", threads));
      fmt::print("{:<44} {:>8} {:>10.1f}", c.name, threads, ns);
      if (c.figure_ns > 0) fmt::print(" {:>8.0f} {:>7.2f}", c.figure_ns, ns / c.figure_ns);
      fmt::print("\n");
    }
  }
  fmt::print("{:<44} {:>8} {:>10.1f}\n", naive_name, 1, medians.of(naive_name));
  return 0;
}
