// Requests counted by tenant: which names get a place, and what is counted at it.
#include "osproxy/observe/shards/tenant_counters.h"

#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/observe/metrics.h"
#include "osproxy/observe/observer.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RequestSample accepted(std::string_view tenant) {
  return {.status = 200,
          .latency = 10ms,
          .request_bytes = 3,
          .response_bytes = 5,
          .tenant = tenant,
          .accepted = true};
}

RequestSample refused(std::string_view tenant) { return {.status = 404, .tenant = tenant}; }

/// `acme=3 other=1`: the requests at each place.
std::string requests_of(const Observer& observer) {
  std::string text;
  for (const TenantTotals& one : observer.tenants()) {
    text += (text.empty() ? "" : " ") + one.tenant + "=" + std::to_string(one.requests);
  }
  return text;
}

TEST(TenantCounters, TheFirstAcceptedNamesGetThePlaces) {
  Observer observer({.metrics_tenants = 2}, 1);
  Recorder& recorder = observer.recorder(0);
  for (const char* tenant : {"acme", "globex", "late", "acme", ""}) {
    recorder.count(accepted(tenant));
  }
  EXPECT_EQ(requests_of(observer), "acme=2 globex=1 other=2");
}

TEST(TenantCounters, RefusedRequestsTakeNoPlace) {
  Observer observer({.metrics_tenants = 1}, 1);
  Recorder& recorder = observer.recorder(0);
  for (int i = 0; i < 1000; ++i) recorder.count(refused("junk-" + std::to_string(i)));
  recorder.count(refused("acme"));
  recorder.count(accepted("acme"));
  recorder.count(refused("acme"));  // it has a place by now
  EXPECT_EQ(requests_of(observer), "acme=2 other=1001");
}

TEST(TenantCounters, AllWorkersCountANameAtOnePlace) {
  Observer observer({.metrics_tenants = 2}, 3);
  observer.recorder(0).count(accepted("a"));
  observer.recorder(1).count(accepted("b"));
  observer.recorder(2).count(refused("b"));  // the others have admitted it
  observer.recorder(2).count(accepted("a"));
  observer.recorder(1).count(accepted("c"));
  EXPECT_EQ(requests_of(observer), "a=2 b=2 other=1");
}

TEST(TenantCounters, WorkersThatAdmitAtTheSameTimeAgree) {
  constexpr std::size_t kWorkers = 4;
  constexpr int kNames = 50;
  Observer observer({.metrics_tenants = 20}, kWorkers);
  {
    std::vector<std::jthread> workers;
    for (std::size_t w = 0; w < kWorkers; ++w) {
      workers.emplace_back([&observer, w] {
        for (int i = 0; i < 1000; ++i) {
          observer.recorder(w).count(accepted("t" + std::to_string(i % kNames)));
        }
      });
    }
  }
  const auto tenants = observer.tenants();
  ASSERT_EQ(tenants.size(), 21U);
  std::uint64_t sum = 0;
  for (const TenantTotals& one : tenants) sum += one.requests;
  EXPECT_EQ(sum, kWorkers * 1000U);
}

TEST(TenantCounters, NamesThatALabelWouldChangeAreOthers) {
  Observer observer({.metrics_tenants = 9}, 1);
  for (const std::string& name : {std::string("other"), std::string(129, 'a'), std::string("a\x9b"),
                                  std::string("a\u202eb")}) {
    observer.recorder(0).count(accepted(name));
  }
  EXPECT_EQ(requests_of(observer), "other=4");
}

TEST(TenantCounters, CountErrorsTimeAndBytes) {
  Observer observer({.metrics_tenants = 1}, 1);
  Recorder& recorder = observer.recorder(0);
  recorder.count(accepted("acme"));
  for (const int status : {0, 429, 500, 404}) recorder.count({.status = status, .tenant = "acme"});
  const TenantTotals acme = observer.tenants().at(0);
  EXPECT_EQ(acme.requests, 5U);
  EXPECT_EQ(acme.errors, 3U);
  EXPECT_EQ(acme.time, 10ms);
  EXPECT_EQ(acme.request_bytes, 3U);
  EXPECT_EQ(acme.response_bytes, 5U);
}

TEST(TenantCounters, ThereIsNoMetricUnlessAskedFor) {
  Observer observer({}, 1);
  observer.recorder(0).count(accepted("acme"));
  EXPECT_THAT(observer.tenants(), IsEmpty());
  const auto metrics = std::make_shared<ObserverMetrics>(observer);
  EXPECT_THAT(to_exposition({metrics}), Not(HasSubstr("osproxy_client_requests_total")));
}

TEST(TenantCounters, EachPlaceIsASeries) {
  Observer observer({.metrics_tenants = 1}, 1);
  observer.recorder(0).count(accepted("acme"));
  const auto metrics = std::make_shared<ObserverMetrics>(observer);
  const std::string page = to_exposition({metrics});
  EXPECT_THAT(page, HasSubstr("osproxy_client_requests_total{tenant=\"acme\"} 1\n"));
  EXPECT_THAT(page, HasSubstr("osproxy_client_requests_total{tenant=\"other\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("osproxy_client_request_seconds_total{tenant=\"acme\"} 0.01\n"));
}

}  // namespace
}  // namespace osproxy
