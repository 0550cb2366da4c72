// make_grpc_transport(): starts calls on a connection; next() polls for their ends. It has no
// thread: responses arrive on the thread that waits for them, and the destructor can wait until no
// call is left.
#include "osproxy/etcd/transport.h"

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "osproxy/etcd/credential_files.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/grpc/call_queue.h"
#include "osproxy/etcd/grpc/connection.h"
#include "osproxy/etcd/grpc/messages.h"
#include "osproxy/etcd/grpc/stream_calls.h"

namespace osproxy::etcd {
namespace {

namespace pb = ::etcdserverpb;

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(std::vector<std::string> endpoints, EtcdCredentials credentials,
                int max_receive_bytes)
      : endpoints_(std::move(endpoints)),
        credentials_(std::move(credentials)),
        max_receive_bytes_(max_receive_bytes) {}

  void open(std::size_t endpoint) override {
    close();
    const std::string_view name = endpoints_.at(endpoint);
    const bool tls = is_tls(name);
    if (tls) read_files();
    if (!tls || tls_) {
      connection_.emplace(address_of(name), tls ? &*tls_ : nullptr, max_receive_bytes_);
    }
  }

  void close() override {
    queue_.cancel_all();
    connection_.reset();
  }

  void read(CallId call, const ReadRequest& request) override {
    start_unary(call, request, &Connection::kv, &pb::KV::Stub::PrepareAsyncRange, &read_done);
  }

  void list(CallId call, const ListRequest& request) override {
    start_unary(call, request, &Connection::kv, &pb::KV::Stub::PrepareAsyncRange, &list_done);
  }

  void watch(CallId call, const WatchRequest& request) override {
    if (!connection_) return fail(call);
    queue_.start(std::make_unique<WatchCall>(call, token_, connection_->watch(), request,
                                             queue_.completions()));
  }

  void write(CallId call, const WriteRequest& request) override {
    start_unary(call, request, &Connection::kv, &pb::KV::Stub::PrepareAsyncTxn, &write_done);
  }

  void grant(CallId call, const GrantRequest& request) override {
    start_unary(call, request, &Connection::lease, &pb::Lease::Stub::PrepareAsyncLeaseGrant,
                &grant_done);
  }

  void keep_alive(CallId call, const KeepAliveRequest& request) override {
    if (!connection_) return fail(call);
    queue_.start(std::make_unique<KeepAliveCall>(call, token_, connection_->lease(), request,
                                                 queue_.completions()));
  }

  void revoke(CallId call, const RevokeRequest& request) override {
    start_unary(call, request, &Connection::lease, &pb::Lease::Stub::PrepareAsyncLeaseRevoke,
                &revoked);
  }

  void authenticate(CallId call, const AuthRequest& request) override {
    start_unary(call, request, &Connection::auth, &pb::Auth::Stub::PrepareAsyncAuthenticate,
                &authenticated);
  }

  void use_token(std::string token) override { token_ = std::move(token); }

  void cancel(CallId call) override { queue_.cancel(call); }

  std::optional<TransportEvent> next(std::chrono::nanoseconds timeout) override {
    const gpr_timespec deadline = after(timeout);
    while (failed_.empty()) {
      auto [event, timed_out] = queue_.poll(deadline);
      if (event) return diagnosed(*std::move(event));
      if (timed_out) return std::nullopt;
    }
    CallFailed failed = std::move(failed_.front());
    failed_.pop_front();
    return failed;
  }

  void wake() override { queue_.wake(); }

 private:
  template <class Response>
  using Reader = std::unique_ptr<grpc::ClientAsyncResponseReader<Response>>;

  /// `prepare` is the generated stub's function for the call; `convert` turns the response into an
  /// event. A request for a token carries none.
  template <class Request, class Stub, class Message, class Response>
  void start_unary(CallId call, const Request& request, Stub& (Connection::*stub)(),
                   Reader<Response> (Stub::*prepare)(grpc::ClientContext*, const Message&,
                                                     grpc::CompletionQueue*),
                   TransportEvent (*convert)(CallId, Response&&)) {
    if (!connection_) return fail(call);
    constexpr bool with_token = !std::is_same_v<Request, AuthRequest>;
    queue_.start(std::make_unique<UnaryCall<Response>>(
        call, with_token ? token_ : std::string{}, request.timeout,
        [&](grpc::ClientContext* context) {
          return (((*connection_).*stub)().*prepare)(context, to_message(request),
                                                     queue_.completions());
        },
        convert));
  }

  /// Certificates are renewed while the process runs (W9). If the files cannot be used, perhaps in
  /// the middle of a renewal, the last connection's stay in use.
  void read_files() {
    auto pem = read_tls_files(credentials_);
    if (pem) {
      tls_ = *std::move(pem);
      files_problem_.clear();
    } else {
      files_problem_ = std::move(pem).error();
    }
  }

  /// The event, with a more precise failure if it is one.
  TransportEvent diagnosed(TransportEvent event) {
    if (!connection_) return event;
    auto* const failed = std::get_if<CallFailed>(&event);
    if (!failed) {
      connection_->mark_established();
      return event;
    }
    Failure& failure = failed->failure;
    if (failure.kind == FailureKind::Cancelled) return event;
    connection_->diagnose(failure);
    if (!files_problem_.empty()) {
      failure.detail += "; earlier files are in use, since now " + files_problem_;
    }
    return event;
  }

  /// For a call that is started while no connection is open.
  void fail(CallId call) {
    failed_.push_back({.call = call,
                       .failure = files_problem_.empty()
                                      ? Failure{FailureKind::Unreachable, "no connection is open"}
                                      : Failure{FailureKind::BadFiles, files_problem_}});
  }

  const std::vector<std::string> endpoints_;
  const EtcdCredentials credentials_;
  const int max_receive_bytes_;

  // Owned by the thread that the transport belongs to, but for queue_.wake().
  CallQueue queue_;
  std::optional<TlsPem> tls_;  // the last usable files
  std::string files_problem_;  // why the current files cannot be used
  std::string token_;
  std::optional<Connection> connection_;
  std::deque<CallFailed> failed_;  // started while no connection was open
};

}  // namespace

std::unique_ptr<Transport> make_grpc_transport(std::vector<std::string> endpoints,
                                               EtcdCredentials credentials, int max_receive_bytes) {
  return std::make_unique<GrpcTransport>(std::move(endpoints), std::move(credentials),
                                         max_receive_bytes);
}

}  // namespace osproxy::etcd
