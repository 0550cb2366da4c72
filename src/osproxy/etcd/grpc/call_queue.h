// The calls under way, and gRPC's completion queue, on which their operations end.
//
//   CallQueue queue;
//   queue.start(
//       std::make_unique<WatchCall>(CallId{1}, token, stub, request, queue.completions()));
//   const auto [event, timed_out] = queue.poll(after(1s));
//
// The queue has no thread: the thread that calls poll() waits on the sockets, reads from them, and
// gets the events.
//
// Thread safety: belongs to one thread, but for wake(), which any thread may call.
// Ownership: owns the calls. The destructor cancels them and polls until each has ended. That does
// not wait for the network.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <unordered_map>

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "osproxy/etcd/grpc/call.h"
#include "osproxy/etcd/protocol.h"

namespace osproxy::etcd {

class CallQueue {
 public:
  struct Polled {
    std::optional<TransportEvent> event{};
    bool timed_out = false;  ///< the deadline has passed, or wake() was called
  };

  CallQueue() = default;
  ~CallQueue();
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  /// The operations of each call must end on this queue.
  grpc::CompletionQueue* completions() { return &completions_; }

  void start(std::unique_ptr<Call> call);
  void cancel(CallId call);
  void cancel_all();

  /// Waits until the deadline for one operation to end. An event is there if that was one to
  /// report.
  Polled poll(gpr_timespec deadline);

  /// Ends the poll() that is waiting, or else the following one.
  void wake();

 private:
  void read_next_message();

  grpc::CompletionQueue completions_;

  // Own synchronization: see wake().
  std::atomic<bool> woken_{false};
  grpc::Alarm alarm_;

  // Owned by the thread that polls.
  std::unordered_map<CallId, std::unique_ptr<Call>> calls_;
  Call* reported_ = nullptr;  // the call whose event the last poll() returned, unless it is over
};

}  // namespace osproxy::etcd
