#include "osproxy/etcd/grpc/call_queue.h"

#include <thread>
#include <tuple>
#include <utility>

namespace osproxy::etcd {

CallQueue::~CallQueue() {
  cancel_all();
  // A queue that is shut down takes no more operations, and a watch that was cancelled needs one
  // more: so the calls end first.
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
  let_last_go_on();
  void* tag = nullptr;
  bool ok = false;
  if (completions_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) {
    return {.over = true};
  }
  if (tag == &alarm_) {
    woken_.store(false, std::memory_order_release);  // see wake()
    return {.over = true};
  }
  auto& operation = *static_cast<Call::Operation*>(tag);
  Call& call = operation.call;
  auto event = call.ended(operation, ok);
  if (call.over()) {
    calls_.erase(call.id());
  } else {
    reported_ = &call;
  }
  return {.event = std::move(event)};
}

void CallQueue::let_last_go_on() {
  Call* const call = std::exchange(reported_, nullptr);
  if (call == nullptr) return;
  // Going on makes gRPC write to the server, a window update for each response, which nobody waits
  // for: whoever has a response to take goes first, and the server with the responses for others.
  std::this_thread::yield();
  call->go_on();
}

void CallQueue::wake() {
  // acq_rel: whoever finds it set may rely on the alarm of the thread that set it.
  if (!woken_.exchange(true, std::memory_order_acq_rel)) {
    // Long over, so that it goes off here and now. Anything later is for gRPC's timer thread, which
    // waits on the wall clock: if that has been set back, for as long as it was.
    alarm_.Set(&completions_, gpr_inf_past(GPR_CLOCK_MONOTONIC), &alarm_);
  }
}

}  // namespace osproxy::etcd
