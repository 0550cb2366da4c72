#include "sim/call_tracker.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace osproxy::etcd::sim {

CallTracker::CallTracker(std::unique_ptr<Transport> inner, const VirtualTime& time, Report& report)
    : inner_(std::move(inner)), time_(time), report_(report) {}

void CallTracker::begin(CallId call, BootTime end) {
  if (!open_.emplace(call, end).second) report_.violated("two calls have one id");
}

void CallTracker::end_all() {
  for (auto& [call, end] : open_) end = std::min(end, time_.now());
}

void CallTracker::open(std::size_t endpoint) {
  end_all();
  inner_->open(endpoint);
}

void CallTracker::close() {
  end_all();
  inner_->close();
}

void CallTracker::read(CallId call, const ReadRequest& request) {
  begin(call, time_.now() + request.timeout);
  inner_->read(call, request);
}

void CallTracker::list(CallId call, const ListRequest& request) {
  begin(call, time_.now() + request.timeout);
  inner_->list(call, request);
}

void CallTracker::watch(CallId call, const WatchRequest& request) {
  begin(call, BootTime::max());
  inner_->watch(call, request);
}

void CallTracker::write(CallId call, const WriteRequest& request) {
  begin(call, time_.now() + request.timeout);
  inner_->write(call, request);
}

void CallTracker::grant(CallId call, const GrantRequest& request) {
  begin(call, time_.now() + request.timeout);
  inner_->grant(call, request);
}

void CallTracker::keep_alive(CallId call, const KeepAliveRequest& request) {
  begin(call, time_.now() + request.timeout);
  inner_->keep_alive(call, request);
}

void CallTracker::revoke(CallId call, const RevokeRequest& request) {
  begin(call, time_.now() + request.timeout);
  inner_->revoke(call, request);
}

void CallTracker::authenticate(CallId call, const AuthRequest& request) {
  begin(call, time_.now() + request.timeout);
  inner_->authenticate(call, request);
}

void CallTracker::cancel(CallId call) {
  if (const auto found = open_.find(call); found != open_.end()) found->second = time_.now();
  inner_->cancel(call);
}

std::optional<TransportEvent> CallTracker::next(std::chrono::nanoseconds timeout) {
  auto event = inner_->next(timeout);
  if (!event) return event;
  const CallId call = std::visit([](const auto& one) { return one.call; }, *event);
  if (!open_.contains(call)) report_.violated("a call gets an event after its end");
  if (!std::holds_alternative<WatchResponse>(*event)) open_.erase(call);
  return event;
}

void CallTracker::expect_ends(std::chrono::nanoseconds grace) const {
  const auto is_late = [&](const auto& call) {
    return call.second < BootTime::max() && call.second + grace <= time_.now();
  };
  if (std::ranges::any_of(open_, is_late)) report_.violated("a call does not end");
}

void CallTracker::expect_none() const {
  if (!open_.empty()) report_.violated("a call is left behind by a stop");
}

}  // namespace osproxy::etcd::sim
