// A blocking operation on etcd: tries the endpoints in turn, until one responds or the time is up.
//
//   Attempts attempts(endpoints, make_grpc_transport(endpoints), clock, 5s);
//   while (attempts.next()) {
//     attempts.transport().read(attempts.begin_call(),
//                               {.key = key, .timeout = attempts.timeout()});
//     if (auto done = attempts.await<ReadDone>()) return done->value;
//   }
//   return std::unexpected(attempts.failures());
//
// Not thread-safe; one owner each. `endpoints` and `clock` must outlive it.
#pragma once

#include <algorithm>
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
           const Clock& clock, std::chrono::nanoseconds deadline)
      : endpoints_(endpoints),
        transport_(std::move(transport)),
        clock_(clock),
        deadline_(clock.boot() + deadline) {}

  /// Connects to the next endpoint; false if no endpoint or no time is left.
  bool next() {
    if (started_ == endpoints_.size() || remaining() <= std::chrono::nanoseconds{0}) return false;
    transport_->open(started_++);
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
        if (response->call == CallId{calls_}) return std::move(*response);
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

  std::nullopt_t fail(const Failure& failure) {
    last_failure_ = failure.kind;
    if (failures_.size() >= kMaxFailureBytes) return std::nullopt;
    if (!failures_.empty()) failures_ += "; ";
    failures_ += describe(endpoints_[started_ - 1], failure);
    return std::nullopt;
  }

  const std::vector<std::string>& endpoints_;
  const std::unique_ptr<Transport> transport_;
  const Clock& clock_;
  const BootTime deadline_;
  std::size_t started_ = 0;
  std::uint64_t calls_ = 0;
  FailureKind last_failure_ = FailureKind::Other;
  std::string failures_;
};

}  // namespace osproxy::etcd
