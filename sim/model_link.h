// The network between one client and the modelled cluster. The connection breaks; calls are lost,
// late, cancelled, or have their response repeated; watches bring events in fragments.
//
// A call without a response may have been carried out, and a call that was abandoned may be carried
// out later. Each call ends in one event that next() returns, as in Transport, but now and then
// after its timeout.
//
// Not thread-safe. Belongs to one run of the instance: its planned events are void without it.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/random.h"
#include "osproxy/etcd/transport.h"
#include "sim/model_etcd.h"
#include "sim/virtual_time.h"

namespace osproxy::etcd::sim {

class ModelLink final : public Transport {
 public:
  /// Calls `arrived` when next() has an event, and never from another member.
  ModelLink(VirtualTime& time, ModelEtcd& etcd, Random random, std::function<void()> arrived);
  ~ModelLink() override;

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
  void use_token(std::string token) override;
  void cancel(CallId call) override;
  std::optional<TransportEvent> next(std::chrono::nanoseconds timeout) override;
  void wake() override {}

  std::uint64_t authentications() const { return authentications_; }
  bool gets_two_tokens_at_once() const { return two_at_once_; }

  // For the cluster.
  void committed(const ModelEtcd::Change& change);
  void break_connection(std::size_t member);
  void cancel_watches(const char* reason);
  void end_watches_at(std::size_t member);  ///< the member has lost its leader
  void refuse_calls();                      ///< refuses all calls under way because of their token

 private:
  struct Call {
    std::size_t member;
    bool watching = false;
    Revision start_revision = 0;
    BootTime last_delivery{};                 // a stream delivers in order
    std::vector<ModelEtcd::Change> unsent{};  // etcd sends the events of a while at once
    std::optional<WatchResponse> repeats{};   // sent once more, before the next one
  };
  using Response = std::expected<TransportEvent, FailureKind>;
  /// Carries out a call at the cluster.
  using Serve = std::function<Response()>;

  bool chance(int per_mille);
  std::chrono::nanoseconds random_delay();
  /// VirtualTime::after(), void once this link is destroyed.
  void after(std::chrono::nanoseconds delay, std::function<void()> what);

  bool begin(CallId call);
  void send_request(CallId call, std::chrono::nanoseconds timeout, Serve serve);
  void send_with_token(CallId call, std::chrono::nanoseconds timeout, Serve serve);
  void serve_later(CallId call, const Serve& serve);
  void accept_watch(CallId call, const WatchRequest& request, std::uint64_t token);
  void gather(CallId call, const ModelEtcd::Change& change);
  void send_events(CallId call, const std::vector<ModelEtcd::Change>& changes);
  void send(CallId call, TransportEvent event);
  void fail(CallId call, FailureKind kind, std::chrono::nanoseconds delay);
  void arrive(TransportEvent event);

  VirtualTime& time_;
  ModelEtcd& etcd_;
  Random random_;
  const std::function<void()> arrived_;
  const std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true);

  std::optional<std::size_t> connected_;  // to which member
  bool broken_ = false;                   // the connection; the client may not have noticed
  std::uint64_t token_ = 0;
  std::uint64_t authentications_ = 0;
  std::optional<CallId> authenticating_;  // the newest
  bool two_at_once_ = false;
  std::map<CallId, Call> calls_;
  std::deque<TransportEvent> inbox_;
};

}  // namespace osproxy::etcd::sim
