// A transport whose every call carries a token of etcd's, got by user and password.
//
//   auto transport = std::make_unique<AuthTransport>(make_grpc_transport(…), credentials, clock);
//
// The first call waits for the token; so do those that are started meanwhile. A call that etcd
// refuses because of its token (expired; a user or role was changed; etcd was restarted, which
// forgets its simple tokens) is no failure: a new token is got, once for all calls that wait for
// it, and the call is made again, once. So an expiry costs a round trip and never a connection: the
// watch that is up goes on, since etcd looks at a watch's token only when it is created. A token
// outlives the connection, for etcd's members share them. If there is no token to be had, the calls
// that wait for it fail with the reason.
//
// The password file is read for each new token, so that a changed password is picked up.
//
// Calls end by their timeouts as in Transport, one that waits for a token begun by another call by
// that call's timeout at the latest. The rest is as in Transport.
#pragma once

#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/clock.h"
#include "osproxy/etcd/etcd_options.h"
#include "osproxy/etcd/transport.h"

namespace osproxy::etcd {

class AuthTransport final : public Transport {
 public:
  /// The password as it is now, or why there is none.
  using ReadPassword = std::function<std::expected<std::string, std::string>()>;

  /// `inner` is used by nobody else. `clock` must outlive the transport.
  AuthTransport(std::unique_ptr<Transport> inner, EtcdCredentials credentials, const Clock& clock);

  /// The same with a password from elsewhere than a file.
  AuthTransport(std::unique_ptr<Transport> inner, std::string user, ReadPassword read_password,
                const Clock& clock);

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
  void wake() override { inner_->wake(); }

 private:
  /// Starts a call on `inner_` under the id given, to end within the time given.
  using StartCall = std::function<void(CallId, std::chrono::nanoseconds)>;

  struct Call {
    CallId id;  // the caller's
    BootTime end;
    StartCall start;
    std::uint64_t token = 0;  // which one it was started with
    bool repeated = false;
    bool cancelled = false;
  };

  void begin(CallId call, std::chrono::nanoseconds timeout, StartCall start);
  template <class Request>
  void begin(CallId call, const Request& request, void (Transport::*start)(CallId, const Request&));
  void start_now(Call call);
  std::chrono::nanoseconds time_left(BootTime end) const;
  void hold(Call call);
  void get_token(BootTime end);
  void give_up();
  void take(TransportEvent event);
  void token_arrived(std::string token);
  void token_refused(const Failure& failure);
  bool start_again(CallId inner);
  CallId next_call() { return CallId{++last_call_}; }

  const std::unique_ptr<Transport> inner_;  // its calls have ids of our own: one may be made twice
  const std::string user_;
  const ReadPassword read_password_;
  const Clock& clock_;

  std::uint64_t token_ = 0;               // how many there have been; 0: none yet
  bool has_token_ = false;                // and etcd has not refused it
  std::optional<CallId> authenticating_;  // inner
  std::vector<Call> waiting_;             // for a token
  std::map<CallId, Call> under_way_;      // by the inner id
  std::deque<TransportEvent> ready_;
  std::uint64_t last_call_ = 0;
};

}  // namespace osproxy::etcd
