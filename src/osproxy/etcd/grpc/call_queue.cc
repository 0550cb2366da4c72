#include "osproxy/etcd/grpc/call_queue.h"

#include <thread>
#include <tuple>
#include <utility>

namespace osproxy::etcd {

CallQueue::~CallQueue() {
  cancel_all();
  // The calls end before the shutdown: a queue that is shut down takes no more operations, and a
  // watch that was cancelled needs one more.
  while (!calls_.empty()) std::ignore = poll(gpr_inf_future(GPR_CLOCK_MONOTONIC));
  alarm_.Cancel();
  completions_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (completions_.Next(&tag, &ok)) continue;
}

void CallQueue::start(std::unique_ptr<Call> call) {
  const CallId id = call->id();
  calls_.emplace(id, std::move(call));
}

void CallQueue::cancel(CallId call) {
  if (const auto found = calls_.find(call); found != calls_.end()) found->second->cancel();
}

void CallQueue::cancel_all() {
  for (const auto& [id, call] : calls_) call->cancel();
}

CallQueue::Polled CallQueue::poll(gpr_timespec deadline) {
  read_next_message();
  void* tag = nullptr;
  bool ok = false;
  if (completions_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) {
    return {.timed_out = true};
  }
  if (tag == &alarm_) {
    woken_.store(false, std::memory_order_release);  // see wake()
    return {.timed_out = true};
  }
  auto& operation = *static_cast<Call::Operation*>(tag);
  Call& call = operation.call;
  auto event = call.ended(operation, ok);
  if (call.is_over()) {
    calls_.erase(call.id());
  } else {
    reported_ = &call;
  }
  return {.event = std::move(event)};
}

void CallQueue::read_next_message() {
  Call* const call = std::exchange(reported_, nullptr);
  if (call == nullptr) return;
  // Reading makes gRPC write a window update to the server, which nobody waits for. Threads that
  // have a response to handle run first, and so does a local server with responses to send.
  std::this_thread::yield();
  call->read_next();
}

void CallQueue::wake() {
  // acq_rel: a thread that finds it set relies on the alarm of the thread that set it.
  if (!woken_.exchange(true, std::memory_order_acq_rel)) {
    // In the past, so that the alarm goes off at once, on this thread. A later one would need
    // gRPC's timer thread, which waits by the wall clock: a clock that was set back would delay it.
    alarm_.Set(&completions_, gpr_inf_past(GPR_CLOCK_MONOTONIC), &alarm_);
  }
}

}  // namespace osproxy::etcd
