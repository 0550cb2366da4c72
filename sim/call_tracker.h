// A transport that tracks every call that the instance starts, and its end.
//
// It checks the transport below and the code above against the promises of Transport: each call
// ends, in exactly one event, and has no event after that.
//
// Not thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>

#include "osproxy/etcd/transport.h"
#include "sim/report.h"
#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {

class CallTracker final : public Transport {
 public:
  CallTracker(std::unique_ptr<Transport> inner, const VirtualTime& time, Report& report);

  // Transport
  void open(std::size_t endpoint) override;
  void close() override;
  void read(CallId call, const ReadRequest& request) override;
  void list(CallId call, const ListRequest& request) override;
  void watch(CallId call, const WatchRequest& request) override;
  void write(CallId call, const WriteRequest& request) override;
  void grant(CallId call, const GrantRequest& request) override;
  void keep_alive(CallId call, const KeepAliveRequest& request) override;
  void revoke(CallId call, const RevokeRequest& request) override;
  void authenticate(CallId call, const AuthRequest& request) override;
  void use_token(std::string token) override { inner_->use_token(std::move(token)); }
  void cancel(CallId call) override;
  std::optional<TransportEvent> next(std::chrono::nanoseconds timeout) override;
  void wake() override { inner_->wake(); }

  /// A violation if a call is open that should have ended this long ago.
  void expect_ends(std::chrono::nanoseconds grace) const;
  /// A violation if any call is open.
  void expect_none() const;

 private:
  void begin(CallId call, BootTime end);
  void end_all();

  const std::unique_ptr<Transport> inner_;
  const VirtualTime& time_;
  Report& report_;
  std::map<CallId, BootTime> open_;  // with the time by which each must end
};

}  // namespace osproxy::etcd::sim
