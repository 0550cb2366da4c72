// A blocking operation on etcd: tries the endpoints in turn, until one responds or the time is up.
//
//   std::atomic<std::size_t> good{0};   // the endpoint to begin with; lives longer than attempts
//   Attempts attempts(endpoints, make_grpc_transport(endpoints), clock, 5s, good);
//   while (attempts.next()) {
//     attempts.transport().read(attempts.begin_call(),
//                               {.key = key, .timeout = attempts.timeout()});
//     if (auto done = attempts.await<ReadDone>()) return done->value;
//   }
//   return std::unexpected(attempts.failures());
//
// The next operation begins with the endpoint that has responded: a silent one costs a person its
// share of the time only once.
//
// Not thread-safe; one owner each. `endpoints`, `clock` and `good` must outlive it; operations on
// several threads may share `good`.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/transport.h"

namespace osproxy::etcd {

class Attempts {
 public:
  Attempts(const std::vector<std::string>& endpoints, std::unique_ptr<Transport> transport,
           const Clock& clock, std::chrono::nanoseconds deadline, std::atomic<std::size_t>& good)
      : endpoints_(endpoints),
        transport_(std::move(transport)),
        clock_(clock),
        deadline_(clock.boot() + deadline),
        good_(good),
        first_(good.load(std::memory_order_relaxed)) {}

  /// Connects to the next endpoint; false if no endpoint or no time is left.
  bool next() {
    if (started_ == endpoints_.size() || remaining() <= std::chrono::nanoseconds{0}) return false;
    ++started_;
    transport_->open(current());
    return true;
  }

  /// An equal share of the remaining time: a silent endpoint must not use up the next one's.
  std::chrono::nanoseconds timeout() const {
    return remaining() / static_cast<std::int64_t>(endpoints_.size() - started_ + 1);
  }

  /// The id for the next call; await() waits for this one.
  CallId begin_call() { return CallId{++calls_}; }
  Transport& transport() { return *transport_; }

  /// The response to the newest call; nullopt if it failed.
  template <class Response>
  std::optional<Response> await() {
    const BootTime end = clock_.boot() + timeout();
    while (true) {
      auto event = transport_->next(std::max(end - clock_.boot(), std::chrono::nanoseconds{0}));
      if (!event && clock_.boot() >= end) return fail({FailureKind::Silent, {}});
      if (!event) continue;
      if (auto* response = std::get_if<Response>(&*event)) {
        if (response->call != CallId{calls_}) continue;
        good_.store(current(), std::memory_order_relaxed);  // only a hint
        return std::move(*response);
      } else if (auto* failed = std::get_if<CallFailed>(&*event)) {
        if (failed->call == CallId{calls_}) return fail(failed->failure);
      }
    }
  }

  /// Why the newest call that failed did.
  FailureKind last_failure() const { return last_failure_; }

  /// One sentence for each endpoint: why it failed, and what to check.
  const std::string& failures() const { return failures_; }

 private:
  static constexpr std::size_t kMaxFailureBytes = 4'096;  // a person reads them

  std::chrono::nanoseconds remaining() const { return deadline_ - clock_.boot(); }

  /// The endpoint of the newest connection.
  std::size_t current() const { return (first_ + started_ - 1) % endpoints_.size(); }

  std::nullopt_t fail(const Failure& failure) {
    last_failure_ = failure.kind;
    if (failures_.size() >= kMaxFailureBytes) return std::nullopt;
    if (!failures_.empty()) failures_ += "; ";
    failures_ += describe(endpoints_[current()], failure);
    return std::nullopt;
  }

  const std::vector<std::string>& endpoints_;
  const std::unique_ptr<Transport> transport_;
  const Clock& clock_;
  const BootTime deadline_;
  std::atomic<std::size_t>& good_;
  const std::size_t first_;
  std::size_t started_ = 0;
  std::uint64_t calls_ = 0;
  FailureKind last_failure_ = FailureKind::Other;
  std::string failures_;
};

}  // namespace osproxy::etcd
