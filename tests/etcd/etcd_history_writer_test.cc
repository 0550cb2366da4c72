// The history writer over a fake transport and a manual clock: its status.
#include "osproxy/etcd/etcd_history_writer.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "tests/etcd/fake_transport.h"
#include "tests/support/await.h"

namespace osproxy::etcd {
namespace {

using ::testing::HasSubstr;

TEST(HistoryWriter, ReportsWhyChangesByHandAreNotEntered) {
  ManualClock clock;
  const auto peer = std::make_shared<FakePeer>();
  std::mutex mutex;
  std::vector<std::string> reasons;  // guarded by mutex
  auto started =
      EtcdHistoryWriter::start({.target = {.endpoints = {"one:1"}, .key = "o/directives"},
                                .on_change =
                                    [&](const std::string& reason) {
                                      const std::lock_guard lock(mutex);
                                      reasons.push_back(reason);
                                    }},
                               clock, std::make_unique<FakeTransport>(peer), Random(1));
  ASSERT_TRUE(started) << started.error().message;
  std::unique_ptr<EtcdHistoryWriter> writer = *std::move(started);
  peer->deliver(
      CallFailed{.call = peer->await_read().call, .failure = {FailureKind::Permission, ""}});
  ASSERT_TRUE(await([&] { return writer->status().state == HistoryWriting::Failing; }));
  const HistoryStatus status = writer->status();
  EXPECT_THAT(status.reason, HasSubstr("permission denied"));
  EXPECT_EQ(status.last_error, status.reason);
  EXPECT_EQ(status.last_error_at, clock.now().wall);
  EXPECT_EQ(status.failures, 1U);
  EXPECT_EQ(status.by_hand, 0U);
  writer.reset();
  EXPECT_EQ(reasons, std::vector<std::string>{status.reason});
}

}  // namespace
}  // namespace osproxy::etcd
