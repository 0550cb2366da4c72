// A call under way: a few operations on gRPC's completion queue. And the calls with one response.
//
// Ownership: the CallQueue (etcd/grpc/call_queue.h) owns a call until all of its operations are
// done. Not thread-safe: belongs to the thread that polls.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <grpc/support/time.h>
#include <grpcpp/grpcpp.h>

#include "osproxy/etcd/protocol.h"

namespace osproxy::etcd {

/// On the monotonic clock: setting the wall clock must neither end nor extend a call.
inline gpr_timespec after(std::chrono::nanoseconds timeout) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(timeout.count(), GPR_TIMESPAN));
}

class Call {
 public:
  /// One operation on the completion queue; its address is the tag.
  struct Operation {
    Call& call;
    bool under_way = false;
  };

  /// The call carries the token, as metadata of etcd's; empty: none.
  Call(CallId id, const std::string& token) : id_(id) {
    if (!token.empty()) context_.AddMetadata("token", token);
  }
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  CallId id() const { return id_; }
  void cancel() { context_.TryCancel(); }

  /// An operation has ended. Returns the event to report, if there is one.
  virtual std::optional<TransportEvent> ended(Operation& operation, bool ok) = 0;

  /// The reported event has been handled: a stream now asks for its next message.
  virtual void read_next() {}

  /// True if no operation is under way: the call may be destroyed.
  virtual bool is_over() const = 0;

 protected:
  CallFailed failed() const {
    return {.call = id_,
            .failure = failure_from_status(status_.error_code(), status_.error_message())};
  }

  const CallId id_;
  grpc::ClientContext context_;
  grpc::Status status_;
};

/// A request and a response.
template <class Response>
class UnaryCall final : public Call {
 public:
  using Reader = grpc::ClientAsyncResponseReader<Response>;
  using Convert = TransportEvent (*)(CallId, Response&&);

  /// `prepare(context)` creates the reader; `convert` turns a good response into an event.
  template <class Prepare>
  UnaryCall(CallId id, const std::string& token, std::chrono::nanoseconds timeout, Prepare prepare,
            Convert convert)
      : Call(id, token), convert_(convert) {
    context_.set_deadline(after(timeout));
    reader_ = prepare(&context_);
    reader_->StartCall();
    finish_.under_way = true;
    reader_->Finish(&response_, &status_, &finish_);
  }

  std::optional<TransportEvent> ended(Operation& operation, bool) override {
    operation.under_way = false;
    if (!status_.ok()) return failed();
    return convert_(id_, std::move(response_));
  }

  bool is_over() const override { return !finish_.under_way; }

 private:
  const Convert convert_;
  std::unique_ptr<Reader> reader_;
  Response response_;
  Operation finish_{*this};
};

}  // namespace osproxy::etcd
