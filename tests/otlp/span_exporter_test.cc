#include "osproxy/otlp/span_exporter.h"

#include <condition_variable>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/observe/shards/explain_shard.h"
#include "osproxy/otlp/otlp_metrics.h"
#include "tests/observe/records.h"
#include "tests/support/await.h"
#include "trace_service.pb.h"

namespace osproxy::otlp {
namespace {

using namespace std::chrono_literals;
using Kind = ExportResult::Kind;
namespace pb = ::opentelemetry::proto::collector::trace::v1;

/// A collector in memory. Any thread.
class FakeCollector {
 public:
  /// The result of every attempt from now on.
  void response(ExportResult result) {
    const std::lock_guard lock(mutex_);
    response_ = std::move(result);
  }

  /// From now on attempts hang until they are stopped.
  void hang() {
    const std::lock_guard lock(mutex_);
    hangs_ = true;
  }

  ExportResult receive(const std::string& request, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    ++attempts_;
    if (hangs_) {
      changed_.wait(lock, stop, [] { return false; });
      return {.kind = Kind::NoResponse, .message = "stopped"};
    }
    if (response_.kind == Kind::Accepted) keep(request);
    return response_;
  }

  int attempts() {
    const std::lock_guard lock(mutex_);
    return attempts_;
  }

  /// How many spans each accepted request had.
  std::vector<int> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void keep(const std::string& request) {
    pb::ExportTraceServiceRequest message;
    message.ParseFromString(request);
    requests_.push_back(message.resource_spans(0).scope_spans(0).spans_size());
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  ExportResult response_{.kind = Kind::Accepted};  // guarded by mutex_, as are the others
  bool hangs_ = false;
  int attempts_ = 0;
  std::vector<int> requests_;
};

class FakeTransport final : public SpanTransport {
 public:
  explicit FakeTransport(FakeCollector& collector) : collector_(collector) {}

  ExportResult send(const std::string& request, std::chrono::milliseconds,
                    std::stop_token stop) override {
    return collector_.receive(request, stop);
  }

 private:
  FakeCollector& collector_;
};

RecordPointer record(bool sent = true) {
  Record record = test::make_record("r");
  record.span_id = "00f067aa0ba902b7";
  if (sent) record.upstream_span_id = "00f067aa0ba902b8";
  return std::make_shared<const Record>(std::move(record));
}

class SpanExporterTest : public testing::Test {
 protected:
  SpanExporter& start(BatchOptions batch = {.delay = 1ms}, RetryOptions retry = {.initial = 2ms}) {
    exporter_.emplace(OtlpOptions{.batch = batch}, std::make_unique<FakeTransport>(collector),
                      SpanExporter::Dependencies{
                          .clock = clock, .random = Random(1), .instance = "i", .retry = retry});
    return *exporter_;
  }

  static std::uint64_t dropped(const SpanExporter& exporter, DropReason reason) {
    return exporter.counters().dropped[static_cast<std::size_t>(reason)];
  }

  SystemClock clock;
  FakeCollector collector;

 private:
  std::optional<SpanExporter> exporter_;
};

TEST_F(SpanExporterTest, ExportsWhatItIsGiven) {
  SpanExporter& exporter = start();
  exporter.take(record());
  exporter.take(record(false));
  EXPECT_TRUE(await([&] { return exporter.counters().exported == 3; }));
  EXPECT_EQ(exporter.status(), OtlpStatus());
  EXPECT_TRUE(await([&] { return exporter.counters().waiting == 0; }));
}

TEST_F(SpanExporterTest, LeavesRecordsWithoutSpansAlone) {
  SpanExporter& exporter = start();
  exporter.take(std::make_shared<const Record>(test::make_record("r")));
  exporter.close();
  EXPECT_EQ(collector.attempts(), 0);
}

TEST_F(SpanExporterTest, ARequestHasAtMostAsManySpansAsABatchMayAndARecordsGoTogether) {
  SpanExporter& exporter = start({.max_batch = 5, .delay = 1h});
  for (int i = 0; i < 7; ++i) exporter.take(record());
  exporter.close();
  EXPECT_EQ(exporter.counters().exported, 14U);
  EXPECT_THAT(collector.requests(), testing::Each(testing::Le(5)));
  EXPECT_THAT(collector.requests(),
              testing::Each(testing::ResultOf([](int n) { return n % 2; }, 0)));
}

TEST_F(SpanExporterTest, AFullBatchIsSentAtOnce) {
  SpanExporter& exporter = start({.max_batch = 4, .delay = 1h});
  exporter.take(record());
  exporter.take(record());
  EXPECT_TRUE(await([&] { return exporter.counters().exported == 4; }));
}

TEST_F(SpanExporterTest, ARecordWithMoreSpansThanABatchMayHaveIsSentAlone) {
  SpanExporter& exporter = start({.max_batch = 1, .delay = 1ms});
  exporter.take(record());
  EXPECT_TRUE(await([&] { return exporter.counters().exported == 2; }));
}

TEST_F(SpanExporterTest, ACollectorThatIsDownForAWhileGetsTheSpansAfterwards) {
  collector.response({.kind = Kind::NoResponse, .message = "connection refused"});
  SpanExporter& exporter = start();
  exporter.take(record());
  EXPECT_TRUE(await([&] { return exporter.counters().retries >= 3; }));
  EXPECT_TRUE(exporter.status().failing);
  EXPECT_EQ(exporter.status().message, "connection refused");
  collector.response({.kind = Kind::Accepted});
  EXPECT_TRUE(await([&] { return exporter.counters().exported == 2; }));
  EXPECT_FALSE(exporter.status().failing);
}

TEST_F(SpanExporterTest, WhatIsRejectedInPartIsCountedAndNotSentAgain) {
  collector.response({.kind = Kind::Accepted, .rejected_spans = 1, .message = "too old"});
  SpanExporter& exporter = start();
  exporter.take(record());
  EXPECT_TRUE(await([&] { return exporter.counters().rejected == 1; }));
  exporter.close();
  EXPECT_EQ(exporter.counters().exported, 1U);
  EXPECT_EQ(collector.attempts(), 1);
  EXPECT_EQ(exporter.status(), (OtlpStatus{.failing = false, .message = "too old"}));
}

TEST_F(SpanExporterTest, WhatACollectorWillNeverTakeIsDropped) {
  collector.response({.kind = Kind::HttpStatus, .code = 400});
  SpanExporter& exporter = start();
  exporter.take(record());
  EXPECT_TRUE(await([&] { return dropped(exporter, DropReason::Refused) == 2; }));
  EXPECT_EQ(collector.attempts(), 1);
}

TEST_F(SpanExporterTest, ARequestIsGivenUpInTheEnd) {
  collector.response({.kind = Kind::HttpStatus, .code = 503});
  SpanExporter& exporter =
      start({.delay = 1ms}, {.initial = 1ms, .max = 1ms, .give_up_after = 5ms});
  exporter.take(record());
  EXPECT_TRUE(await([&] { return dropped(exporter, DropReason::GaveUp) == 2; }));
}

TEST_F(SpanExporterTest, TheQueueIsBoundedWhileACollectorHangs) {
  collector.hang();
  SpanExporter& exporter = start({.max_queue = 8, .max_batch = 2, .delay = 1ms});
  exporter.take(record());
  ASSERT_TRUE(await([&] { return collector.attempts() == 1; }));
  for (int i = 0; i < 20; ++i) exporter.take(record());
  EXPECT_EQ(exporter.counters().waiting, 9U) << "one under way, eight in the queue";
  EXPECT_EQ(dropped(exporter, DropReason::QueueFull), 24U);
  exporter.close(1ms);
  EXPECT_EQ(dropped(exporter, DropReason::Stopped), 18U);
  EXPECT_EQ(exporter.counters().waiting, 0U);
  EXPECT_EQ(exporter.totals().dropped, 21U);
  EXPECT_EQ(exporter.totals().kept, 0U);
}

TEST_F(SpanExporterTest, TheQueueIsBoundedByMemoryToo) {
  const RecordPointer one = record();
  collector.hang();
  SpanExporter& exporter =
      start({.max_queue_bytes = 3 * memory_of(*one), .max_batch = 2, .delay = 1ms});
  exporter.take(one);
  ASSERT_TRUE(await([&] { return collector.attempts() == 1; }));
  for (int i = 0; i < 5; ++i) exporter.take(one);
  EXPECT_EQ(exporter.counters().waiting, 4U) << "one under way, three in the queue";
  EXPECT_EQ(dropped(exporter, DropReason::QueueFull), 4U);
  EXPECT_EQ(exporter.totals().dropped, 2U);
  exporter.close(1ms);
}

TEST_F(SpanExporterTest, AsMuchMemoryAsMayWaitIsSentAtOnce) {
  const RecordPointer one = record();
  SpanExporter& exporter = start({.max_queue_bytes = 2 * memory_of(*one), .delay = 1h});
  exporter.take(one);
  ASSERT_TRUE(await([&] { return exporter.counters().waiting == 1; }));
  exporter.take(one);
  EXPECT_TRUE(await([&] { return exporter.counters().exported == 4; }));
}

TEST_F(SpanExporterTest, ClosingSendsWhatWaits) {
  SpanExporter& exporter = start({.delay = 1h});
  exporter.take(record());
  exporter.close();
  EXPECT_EQ(exporter.counters().exported, 2U);
  exporter.take(record());
  EXPECT_EQ(dropped(exporter, DropReason::Stopped), 2U) << "nothing is taken afterwards";
}

TEST_F(SpanExporterTest, ClosingTriesEachRequestOnceOnly) {
  collector.response({.kind = Kind::HttpStatus, .code = 503});
  SpanExporter& exporter =
      start({.max_batch = 2, .delay = 1h}, {.initial = 1h, .max = 1h, .give_up_after = 10h});
  exporter.take(record());
  exporter.take(record());
  exporter.close();
  EXPECT_EQ(collector.attempts(), 2);
  EXPECT_EQ(dropped(exporter, DropReason::Stopped), 4U);
}

TEST_F(SpanExporterTest, EverythingIsInTheMetrics) {
  SpanExporter& exporter = start();
  exporter.take(record());
  exporter.close();
  std::vector<std::string> names;
  for (const auto& family : OtlpMetrics(exporter).Collect()) {
    names.push_back(family.name);
    EXPECT_FALSE(family.metric.empty()) << family.name;
    if (family.name == "osproxy_otlp_spans_exported_total") {
      EXPECT_EQ(family.metric.at(0).counter.value, 2);
    }
    if (family.name == "osproxy_otlp_spans_dropped_total") {
      EXPECT_EQ(family.metric.size(), kDropReasonCount);
    }
  }
  EXPECT_THAT(names, testing::ElementsAre(
                         "osproxy_otlp_spans_exported_total", "osproxy_otlp_spans_rejected_total",
                         "osproxy_otlp_spans_dropped_total", "osproxy_otlp_requests_total",
                         "osproxy_otlp_retries_total", "osproxy_otlp_waiting_records",
                         "osproxy_otlp_failing"));
}

}  // namespace
}  // namespace osproxy::otlp
