#include "osproxy/otlp/retry_machine.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

namespace osproxy::otlp {
namespace {

using namespace std::chrono_literals;
using Action = RetryDecision::Action;
using Kind = ExportResult::Kind;

constexpr BootTime kStart{1h};

ExportResult grpc(int code) { return {.kind = Kind::GrpcStatus, .code = code}; }
ExportResult http(int status) { return {.kind = Kind::HttpStatus, .code = status}; }

RetryMachine begun(RetryOptions options = {}, std::uint64_t seed = 1) {
  RetryMachine machine(options, Random(seed));
  machine.begin(kStart);
  return machine;
}

TEST(RetryMachine, TriesAgainOnExactlyTheCodesOfGrpcThatMayPass) {
  // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS
  const std::vector<int> retryable{1, 4, 10, 11, 14, 15};
  for (int code = 1; code <= 20; ++code) {
    const bool expected = std::ranges::find(retryable, code) != retryable.end();
    EXPECT_EQ(is_retryable(grpc(code)), expected) << code;
    EXPECT_EQ(begun().next(grpc(code), kStart).action, expected ? Action::Wait : Action::Refuse);
  }
}

TEST(RetryMachine, TriesAgainOnExhaustedResourcesOnlyIfTheCollectorSaysWhen) {
  ExportResult exhausted = grpc(8);
  EXPECT_EQ(begun().next(exhausted, kStart).action, Action::Refuse);
  exhausted.retry_after = 0s;
  EXPECT_EQ(begun().next(exhausted, kStart).action, Action::Wait);
}

TEST(RetryMachine, TriesAgainOnExactlyTheStatusesOfHttpThatMayPass) {
  const std::vector<int> retryable{429, 502, 503, 504};
  for (int status = 300; status <= 599; ++status) {
    EXPECT_EQ(is_retryable(http(status)), std::ranges::find(retryable, status) != retryable.end())
        << status;
  }
}

TEST(RetryMachine, TriesAgainWithoutAResponseAndNeverAfterAPartialSuccess) {
  EXPECT_EQ(begun().next({}, kStart).action, Action::Wait);
  EXPECT_EQ(begun().next({.kind = Kind::Accepted, .rejected_spans = 7}, kStart).action,
            Action::Done);
}

TEST(RetryMachine, WaitsWithFullJitterBelowACeilingThatDoubles) {
  const RetryOptions options{.initial = 1s, .max = 4s, .give_up_after = 1h};
  std::vector<std::chrono::nanoseconds> longest(5, 0ns);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    RetryMachine machine = begun(options, seed);
    for (auto& wait : longest) wait = std::max(wait, machine.next(http(503), kStart).wait);
  }
  const std::vector<std::chrono::nanoseconds> ceilings{1s, 2s, 4s, 4s, 4s};
  for (std::size_t i = 0; i < ceilings.size(); ++i) {
    EXPECT_LE(longest[i], ceilings[i]);
    EXPECT_GT(longest[i], ceilings[i] * 8 / 10);
  }
}

TEST(RetryMachine, WaitsAtLeastAsLongAsTheCollectorWants) {
  for (ExportResult result : {http(429), grpc(14)}) {
    result.retry_after = 20s;
    const RetryDecision decision = begun().next(result, kStart);
    EXPECT_EQ(decision.action, Action::Wait);
    EXPECT_GE(decision.wait, 20s);
    EXPECT_LE(decision.wait, 21s);
  }
}

TEST(RetryMachine, GivesUpARequestThatWouldBeTriedForTooLong) {
  RetryMachine machine = begun({.initial = 1s, .max = 1s, .give_up_after = 60s});
  EXPECT_EQ(machine.next(http(503), kStart + 58s).action, Action::Wait);
  EXPECT_EQ(machine.next(http(503), kStart + 60s + 1ns).action, Action::GiveUp);
  ExportResult later = http(503);
  later.retry_after = 61s;
  EXPECT_EQ(machine.next(later, kStart).action, Action::GiveUp);
  machine.begin(kStart + 100s);
  EXPECT_EQ(machine.next(http(503), kStart + 101s).action, Action::Wait) << "the next request";
}

}  // namespace
}  // namespace osproxy::otlp
