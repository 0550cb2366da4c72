// A transport that adds etcd's token to every call. It gets the token by user and password.
//
//   auto transport = std::make_unique<AuthTransport>(make_grpc_transport({"10.0.0.1:2379"}),
//                                                    credentials, clock);
//
// The first call waits for the token, and so do the calls that are started meanwhile. etcd refuses
// a call because of its token when the token has expired, when a user or role was changed, or when
// etcd was restarted, which forgets its simple tokens. Such a refusal is not reported: the
// transport gets a new token, once for all calls that wait for it, and repeats the call, once.
//
// So an expiry costs a round trip, never a connection. The watch goes on, since etcd checks the
// token of a watch only when it is created. A token outlives the connection, since the members of a
// cluster share their tokens. If there is no token to be had, the waiting calls fail with the
// reason.
//
// The password file is read for each new token, so that a changed password is picked up.
//
// Each call ends by its timeout, as in Transport. A call that waits for a token which another call
// has requested ends by that call's timeout at the latest.
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
  /// The current password, or why there is none.
  using ReadPassword = std::function<std::expected<std::string, std::string>()>;

  /// Nothing else may use `inner`. `clock` must outlive the transport.
  AuthTransport(std::unique_ptr<Transport> inner, EtcdCredentials credentials, const Clock& clock);

  /// The same with a password that does not come from a file.
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
  /// Starts a call on `inner_` with this id and this timeout.
  using StartCall = std::function<void(CallId, std::chrono::nanoseconds)>;

  struct Call {
    CallId id;  // the caller's
    BootTime end;
    StartCall start;
    std::uint64_t token = 0;  // the number of the token that it carries
    bool repeated = false;
    bool cancelled = false;
  };

  void begin(CallId call, std::chrono::nanoseconds timeout, StartCall start);
  template <class Request>
  void begin(CallId call, const Request& request, void (Transport::*start)(CallId, const Request&));
  void start_with_token(Call call);
  std::chrono::nanoseconds time_left(BootTime end) const;
  void start_after_token(Call call);
  void get_token(BootTime end);
  void abandon_calls();
  void take(TransportEvent event);
  void token_arrived(std::string token);
  void token_refused(const Failure& failure);
  bool repeat_with_new_token(CallId inner);
  CallId next_call() { return CallId{++last_call_}; }

  const std::unique_ptr<Transport> inner_;  // with other call ids: a call may be started twice
  const std::string user_;
  const ReadPassword read_password_;
  const Clock& clock_;

  std::uint64_t token_ = 0;               // the number of the newest one; 0: none yet
  bool has_token_ = false;                // that etcd has not refused
  std::optional<CallId> authenticating_;  // the inner id
  std::vector<Call> waiting_;             // for a token
  std::map<CallId, Call> under_way_;      // by the inner id
  std::deque<TransportEvent> ready_;
  std::uint64_t last_call_ = 0;
};

}  // namespace osproxy::etcd
