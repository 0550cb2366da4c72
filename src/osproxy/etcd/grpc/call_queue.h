// The calls under way, and gRPC's completion queue, on which they end.
//
//   CallQueue queue;
//   queue.start(std::make_unique<WatchCall>(…, queue.completions()));
//   const auto [event, over] = queue.poll(after(1s));
//
// There is no thread here: whoever polls waits on the sockets, reads from them, and gets what came.
//
// Thread safety: belongs to one thread, but for wake(), which any thread may call.
// Ownership: owns the calls. The destructor cancels them and polls until each has ended; that is
// local and does not wait for the network.
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
    bool over = false;  ///< the deadline has passed, or somebody woke us
  };

  CallQueue() = default;
  ~CallQueue();
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  /// Where the operations of a call must end.
  grpc::CompletionQueue* completions() { return &completions_; }

  void start(std::unique_ptr<Call> call);
  void cancel(CallId call);
  void cancel_all();

  /// Takes one operation's end off the queue; waits for it until the deadline.
  Polled poll(gpr_timespec deadline);

  /// Ends the poll() that is waiting, or the one that comes.
  void wake();

 private:
  void let_last_go_on();

  grpc::CompletionQueue completions_;

  // Own synchronization: see wake().
  std::atomic<bool> woken_{false};
  grpc::Alarm alarm_;

  // Owned by the thread that polls.
  std::unordered_map<CallId, std::unique_ptr<Call>> calls_;
  Call* reported_ = nullptr;  // whose event the last poll() returned, if it is not over
};

}  // namespace osproxy::etcd
