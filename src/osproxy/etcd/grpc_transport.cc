// The one file that knows gRPC. Calls run on a completion queue that next() polls, so that there is
// no thread of ours here, answers arrive on the thread that waits for them, and the destructor can
// wait until nothing is left.
#include <atomic>
#include <cstdlib>
#include <deque>
#include <unordered_map>
#include <utility>

#include <grpc/support/time.h>
#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include "osproxy/core/address.h"
#include "osproxy/etcd/credential_files.h"
#include "osproxy/etcd/endpoints.h"
#include "osproxy/etcd/server_look.h"
#include "osproxy/etcd/transport.h"
#include "rpc.grpc.pb.h"

namespace osproxy::etcd {
namespace {

namespace pb = ::etcdserverpb;

// Above the document's cap of 1 MiB with room for its framing, and above the 2 MiB at which etcd
// cuts a watch answer into fragments. What is larger is refused by its length, before it is read.
constexpr int kMaxReceiveBytes = 4 << 20;

// A dead link is found while nothing is asked over it. Not faster: etcd drops clients that ping
// more often than every 5 s (--grpc-keepalive-min-time).
constexpr int kKeepaliveTimeMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsPem* tls) {
  if (tls == nullptr) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = tls->roots;  // empty: the system's
  options.pem_private_key = tls->key;
  options.pem_cert_chain = tls->chain;
  return grpc::SslCredentials(options);
}

/// `tls` is null for a connection without.
std::shared_ptr<grpc::Channel> make_channel(const std::string& address, const TlsPem* tls) {
  grpc::ChannelArguments args;
  // Channels to one address share their connection unless told not to: then a new channel would
  // only get the broken connection of the old one.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit: a watch is silent for days
  args.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // whether to try again is the machine's decision
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // etcd is not behind the proxy for the web
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);  // no TXT look-ups
  args.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);                    // nobody reads its traces
  args.SetInt(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0);
  return grpc::CreateCustomChannel("dns:///" + address, channel_credentials(tls), args);
}

/// On the monotonic clock: a wall clock that is set must neither end nor extend a call.
gpr_timespec after(std::chrono::nanoseconds timeout) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(timeout.count(), GPR_TIMESPAN));
}

Header from(const pb::ResponseHeader& header) {
  return {.cluster_id = header.cluster_id(), .revision = header.revision()};
}

/// A call under way. Owned by the transport until all its operations are done.
class Call {
 public:
  /// One operation on the completion queue; its address is the tag.
  struct Operation {
    Call& call;
    bool under_way = false;
  };

  /// The token goes with the call, in etcd's own way; empty: none.
  Call(CallId id, const std::string& token) : id_(id) {
    if (!token.empty()) context_.AddMetadata("token", token);
  }
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  CallId id() const { return id_; }
  void cancel() { context_.TryCancel(); }

  /// An operation has ended; what there is to report.
  virtual std::optional<TransportEvent> ended(Operation& operation, bool ok) = 0;

  /// True if nothing is under way any more: the call may be destroyed.
  virtual bool over() const = 0;

 protected:
  CallFailed failed() const {
    return {.call = id_,
            .failure = failure_from_status(status_.error_code(), status_.error_message())};
  }

  const CallId id_;
  grpc::ClientContext context_;
  grpc::Status status_;
};

template <class Response>
class UnaryCall final : public Call {
 public:
  using Reader = grpc::ClientAsyncResponseReader<Response>;
  using Convert = TransportEvent (*)(CallId, Response&&);

  /// `prepare(context)` makes the reader; `convert` turns a good answer into an event.
  template <class Prepare>
  UnaryCall(CallId id, const std::string& token, std::chrono::nanoseconds timeout, Prepare prepare,
            Convert convert)
      : Call(id, token), convert_(convert) {
    context_.set_deadline(after(timeout));
    reader_ = prepare(&context_);
    reader_->StartCall();
    finish_.under_way = true;
    reader_->Finish(&response_, &status_, &finish_);
  }

  std::optional<TransportEvent> ended(Operation& operation, bool) override {
    operation.under_way = false;
    if (!status_.ok()) return failed();
    return convert_(id_, std::move(response_));
  }

  bool over() const override { return !finish_.under_way; }

 private:
  const Convert convert_;
  std::unique_ptr<Reader> reader_;
  Response response_;
  Operation finish_{*this};
};

/// One keepalive of a lease, on a stream of its own.
class KeepAliveCall final : public Call {
 public:
  KeepAliveCall(CallId id, const std::string& token, pb::Lease::Stub& stub,
                const KeepAliveRequest& request, grpc::CompletionQueue* queue)
      : Call(id, token) {
    context_.set_deadline(after(request.timeout));
    context_.set_initial_metadata_corked(true);
    request_.set_id(request.lease);
    stream_ = stub.PrepareAsyncLeaseKeepAlive(&context_, queue);
    stream_->StartCall(nullptr);  // corked: ends with the write, not by itself
    write_.under_way = true;
    stream_->Write(request_, &write_);
    read_.under_way = true;
    stream_->Read(&response_, &read_);
  }

  std::optional<TransportEvent> ended(Operation& operation, bool ok) override {
    operation.under_way = false;
    if (&operation == &finish_) {
      over_ = true;
      return answered_ ? std::nullopt : std::optional<TransportEvent>(failed());
    }
    if (&operation == &read_) answered_ = ok;
    if (&operation == &close_) {
      stream_->Finish(&status_, &finish_);
    } else if (!write_.under_way && !read_.under_way) {
      end_stream();
    }
    if (&operation != &read_ || !ok) return std::nullopt;
    return KeptAlive{.call = id_, .ttl = std::chrono::seconds{response_.ttl()}};
  }

  bool over() const override { return over_; }

 private:
  /// Half-closed only once it is answered: etcd's grpc-proxy would end it without an answer.
  void end_stream() {
    if (answered_) {
      stream_->WritesDone(&close_);
    } else {
      stream_->Finish(&status_, &finish_);
    }
  }

  pb::LeaseKeepAliveRequest request_;
  pb::LeaseKeepAliveResponse response_;
  std::unique_ptr<
      grpc::ClientAsyncReaderWriter<pb::LeaseKeepAliveRequest, pb::LeaseKeepAliveResponse>>
      stream_;
  bool answered_ = false;
  bool over_ = false;
  Operation write_{*this};
  Operation read_{*this};
  Operation close_{*this};
  Operation finish_{*this};
};

class WatchCall final : public Call {
 public:
  WatchCall(CallId id, const std::string& token, pb::Watch::Stub& stub, const WatchRequest& request,
            grpc::CompletionQueue* queue)
      : Call(id, token) {
    // A member that has lost its leader would be silent for ever; so it cancels the watch (W5).
    context_.AddMetadata("hasleader", "true");
    context_.set_initial_metadata_corked(true);  // headers and request in one packet
    auto& create = *request_.mutable_create_request();
    create.set_key(request.key);
    create.set_start_revision(request.start_revision);
    create.set_fragment(true);
    stream_ = stub.PrepareAsyncWatch(&context_, queue);
    stream_->StartCall(nullptr);  // corked: ends with the write, not by itself
    write_.under_way = true;
    stream_->Write(request_, &write_);
    read();
  }

  std::optional<TransportEvent> ended(Operation& operation, bool ok) override {
    operation.under_way = false;
    if (&operation == &write_) return std::nullopt;  // if it failed, so does the read
    if (&operation == &finish_) return failed();
    if (!ok) {
      finish_.under_way = true;
      stream_->Finish(&status_, &finish_);
      return std::nullopt;
    }
    WatchAnswer answer = take_answer();
    read();
    return answer;
  }

  bool over() const override { return !write_.under_way && !read_.under_way && !finish_.under_way; }

 private:
  void read() {
    read_.under_way = true;
    stream_->Read(&response_, &read_);
  }

  WatchAnswer take_answer() {
    WatchAnswer answer{.call = id_,
                       .header = from(response_.header()),
                       .created = response_.created(),
                       .canceled = response_.canceled(),
                       .fragment = response_.fragment(),
                       .compact_revision = response_.compact_revision(),
                       .cancel_reason = std::move(*response_.mutable_cancel_reason())};
    answer.events.reserve(static_cast<std::size_t>(response_.events_size()));
    for (auto& event : *response_.mutable_events()) {
      answer.events.push_back({.deleted = event.type() == mvccpb::Event::DELETE,
                               .mod_revision = event.kv().mod_revision(),
                               .value = std::move(*event.mutable_kv()->mutable_value())});
    }
    return answer;
  }

  pb::WatchRequest request_;
  pb::WatchResponse response_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<pb::WatchRequest, pb::WatchResponse>> stream_;
  Operation write_{*this};
  Operation read_{*this};
  Operation finish_{*this};
};

TransportEvent read_done(CallId call, pb::RangeResponse&& response) {
  ReadDone done{.call = call, .header = from(response.header())};
  if (response.kvs_size() > 0) {
    done.mod_revision = response.kvs(0).mod_revision();
    done.value = std::move(*response.mutable_kvs(0)->mutable_value());
  }
  return done;
}

TransportEvent list_done(CallId call, pb::RangeResponse&& response) {
  ListDone done{.call = call, .header = from(response.header()), .count = response.count()};
  done.entries.reserve(static_cast<std::size_t>(response.kvs_size()));
  for (auto& kv : *response.mutable_kvs()) {
    done.entries.push_back({.key = std::move(*kv.mutable_key()),
                            .mod_revision = kv.mod_revision(),
                            .value = std::move(*kv.mutable_value())});
  }
  return done;
}

TransportEvent grant_done(CallId call, pb::LeaseGrantResponse&& response) {
  if (response.id() == 0) {
    return CallFailed{.call = call, .failure = {FailureKind::Other, response.error()}};
  }
  return GrantDone{
      .call = call, .lease = response.id(), .ttl = std::chrono::seconds{response.ttl()}};
}

TransportEvent revoked(CallId call, pb::LeaseRevokeResponse&&) { return Revoked{.call = call}; }

TransportEvent write_done(CallId call, pb::TxnResponse&& response) {
  WriteDone done{
      .call = call, .header = from(response.header()), .succeeded = response.succeeded()};
  if (done.succeeded && response.responses_size() > 0) {
    const bool is_put = response.responses(0).has_response_put();
    done.mod_revision = is_put ? done.header.revision : 0;  // one transaction, one revision
  } else if (response.responses_size() > 0) {
    auto& range = *response.mutable_responses(0)->mutable_response_range();
    if (range.kvs_size() > 0) {
      done.mod_revision = range.kvs(0).mod_revision();
      done.value = std::move(*range.mutable_kvs(0)->mutable_value());
    }
  }
  return done;
}

void add_condition(pb::TxnRequest& txn, const KeyCondition& condition) {
  pb::Compare& compare = *txn.add_compare();
  compare.set_result(pb::Compare::EQUAL);
  compare.set_target(pb::Compare::MOD);
  compare.set_key(condition.key);
  compare.set_mod_revision(condition.mod_revision);
}

/// The first key behind all those with the prefix, as etcd's clients have it: the last byte that
/// can grow does; where none can, a zero byte, which is "to the end".
std::string prefix_end(std::string prefix) {
  while (!prefix.empty()) {
    auto& last = prefix.back();
    if (last != '\xff') {
      last = static_cast<char>(static_cast<unsigned char>(last) + 1);
      return prefix;
    }
    prefix.pop_back();
  }
  return std::string(1, '\0');
}

pb::TxnRequest transaction(const WriteRequest& request) {
  pb::TxnRequest txn;
  if (request.expected) add_condition(txn, {request.key, *request.expected});
  if (request.guard) add_condition(txn, *request.guard);
  pb::RequestOp& operation = *txn.add_success();
  if (request.value) {
    pb::PutRequest& put = *operation.mutable_request_put();
    put.set_key(request.key);
    put.set_value(*request.value);
    put.set_lease(request.lease);
  } else {
    operation.mutable_request_delete_range()->set_key(request.key);
  }
  txn.add_failure()->mutable_request_range()->set_key(request.key);
  return txn;
}

TransportEvent authenticated(CallId call, pb::AuthenticateResponse&& response) {
  return Authenticated{.call = call, .token = std::move(*response.mutable_token())};
}

/// A channel and what is called on it.
struct Connection {
  /// `pem` is null for a connection without TLS, and outlives it.
  Connection(std::string_view host_port, const TlsPem* pem)
      : address(host_port),
        tls(pem),
        channel(make_channel(address, tls)),
        kv(pb::KV::NewStub(channel)),
        watch(pb::Watch::NewStub(channel)),
        lease(pb::Lease::NewStub(channel)),
        auth(pb::Auth::NewStub(channel)) {}

  std::string address;
  const TlsPem* tls;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<pb::KV::Stub> kv;
  std::unique_ptr<pb::Watch::Stub> watch;
  std::unique_ptr<pb::Lease::Stub> lease;
  std::unique_ptr<pb::Auth::Stub> auth;
  bool came_about = false;           // etcd has answered on it
  bool looked = false;               // why it does not
  std::optional<Failure> finding{};  // of that look
};

class GrpcTransport final : public Transport {
 public:
  GrpcTransport(std::vector<std::string> endpoints, EtcdCredentials credentials)
      : endpoints_(std::move(endpoints)), credentials_(std::move(credentials)) {}

  ~GrpcTransport() override {
    close();
    // A queue that is shut down takes no more operations, and a watch that was cancelled needs one
    // more: so the calls end first. Cancellation is local and does not wait for the network.
    while (!calls_.empty()) std::ignore = poll(gpr_inf_future(GPR_CLOCK_MONOTONIC));
    alarm_.Cancel();
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) continue;
  }

  void open(std::size_t endpoint) override {
    close();
    const std::string_view name = endpoints_.at(endpoint);
    const bool tls = is_tls(name);
    if (tls) read_files();
    if (!tls || tls_) connection_.emplace(address_of(name), tls ? &*tls_ : nullptr);
  }

  void close() override {
    for (const auto& [id, call] : calls_) call->cancel();
    connection_.reset();
  }

  void read(CallId call, const ReadRequest& request) override {
    if (!connection_) return fail(call);
    pb::RangeRequest range;
    range.set_key(request.key);
    range.set_keys_only(request.keys_only);
    start(std::make_unique<UnaryCall<pb::RangeResponse>>(
        call, token_, request.timeout,
        [&](grpc::ClientContext* context) {
          return connection_->kv->PrepareAsyncRange(context, range, &queue_);
        },
        &read_done));
  }

  void list(CallId call, const ListRequest& request) override {
    if (!connection_) return fail(call);
    pb::RangeRequest range;
    range.set_key(request.prefix);
    range.set_range_end(prefix_end(request.prefix));
    range.set_count_only(request.count_only);
    start(std::make_unique<UnaryCall<pb::RangeResponse>>(
        call, token_, request.timeout,
        [&](grpc::ClientContext* context) {
          return connection_->kv->PrepareAsyncRange(context, range, &queue_);
        },
        &list_done));
  }

  void watch(CallId call, const WatchRequest& request) override {
    if (!connection_) return fail(call);
    start(std::make_unique<WatchCall>(call, token_, *connection_->watch, request, &queue_));
  }

  void write(CallId call, const WriteRequest& request) override {
    if (!connection_) return fail(call);
    const pb::TxnRequest txn = transaction(request);
    start(std::make_unique<UnaryCall<pb::TxnResponse>>(
        call, token_, request.timeout,
        [&](grpc::ClientContext* context) {
          return connection_->kv->PrepareAsyncTxn(context, txn, &queue_);
        },
        &write_done));
  }

  void grant(CallId call, const GrantRequest& request) override {
    if (!connection_) return fail(call);
    pb::LeaseGrantRequest grant;
    grant.set_ttl(request.ttl.count());
    start(std::make_unique<UnaryCall<pb::LeaseGrantResponse>>(
        call, token_, request.timeout,
        [&](grpc::ClientContext* context) {
          return connection_->lease->PrepareAsyncLeaseGrant(context, grant, &queue_);
        },
        &grant_done));
  }

  void keep_alive(CallId call, const KeepAliveRequest& request) override {
    if (!connection_) return fail(call);
    start(std::make_unique<KeepAliveCall>(call, token_, *connection_->lease, request, &queue_));
  }

  void revoke(CallId call, const RevokeRequest& request) override {
    if (!connection_) return fail(call);
    pb::LeaseRevokeRequest revoke;
    revoke.set_id(request.lease);
    start(std::make_unique<UnaryCall<pb::LeaseRevokeResponse>>(
        call, token_, request.timeout,
        [&](grpc::ClientContext* context) {
          return connection_->lease->PrepareAsyncLeaseRevoke(context, revoke, &queue_);
        },
        &revoked));
  }

  void authenticate(CallId call, const AuthRequest& request) override {
    if (!connection_) return fail(call);
    pb::AuthenticateRequest who;
    who.set_name(request.user);
    who.set_password(request.password);
    start(std::make_unique<UnaryCall<pb::AuthenticateResponse>>(
        call, std::string{}, request.timeout,
        [&](grpc::ClientContext* context) {
          return connection_->auth->PrepareAsyncAuthenticate(context, who, &queue_);
        },
        &authenticated));
  }

  void use_token(std::string token) override { token_ = std::move(token); }

  void cancel(CallId call) override {
    if (const auto found = calls_.find(call); found != calls_.end()) found->second->cancel();
  }

  std::optional<TransportEvent> next(std::chrono::nanoseconds timeout) override {
    const gpr_timespec deadline = after(timeout);
    while (failed_.empty()) {
      const Polled polled = poll(deadline);
      if (polled.event) return polled.event;
      if (polled.over) return std::nullopt;
    }
    CallFailed failed = std::move(failed_.front());
    failed_.pop_front();
    return failed;
  }

  void wake() override {
    // acq_rel: whoever finds it set may rely on the alarm of the thread that set it.
    if (!woken_.exchange(true, std::memory_order_acq_rel)) {
      // Long over, so that it goes off here and now. Anything later is for gRPC's timer thread,
      // which waits on the wall clock: if that has been set back, for as long as it was.
      alarm_.Set(&queue_, gpr_inf_past(GPR_CLOCK_MONOTONIC), &alarm_);
    }
  }

 private:
  struct Polled {
    std::optional<TransportEvent> event;
    bool over = false;  // the deadline has passed, or we were woken
  };

  /// Takes one operation's end off the queue.
  Polled poll(gpr_timespec deadline) {
    void* tag = nullptr;
    bool ok = false;
    if (queue_.AsyncNext(&tag, &ok, deadline) != grpc::CompletionQueue::GOT_EVENT) {
      return {.event = std::nullopt, .over = true};
    }
    if (tag == &alarm_) {
      woken_.store(false, std::memory_order_release);  // see wake()
      return {.event = std::nullopt, .over = true};
    }
    auto& operation = *static_cast<Call::Operation*>(tag);
    Call& call = operation.call;
    auto event = call.ended(operation, ok);
    if (call.over()) calls_.erase(call.id());
    if (event && connection_) judge(*event);
    return {.event = std::move(event)};
  }

  /// Certificates are renewed while we run (W9). If what is there cannot be used, half of a renewal
  /// perhaps, the last connection's still can.
  void read_files() {
    auto pem = read_tls_files(credentials_);
    if (pem) {
      tls_ = *std::move(pem);
      files_problem_.clear();
    } else {
      files_problem_ = std::move(pem).error();
    }
  }

  /// Says more of a failure than gRPC does.
  void judge(TransportEvent& event) {
    auto* const failed = std::get_if<CallFailed>(&event);
    if (!failed) {
      connection_->came_about = true;
      return;
    }
    Failure& failure = failed->failure;
    if (failure.kind == FailureKind::Cancelled) return;
    if (!connection_->came_about && is_ambiguous(failure.kind)) look_closer(failure);
    if (!files_problem_.empty()) {
      failure.detail += "; earlier files are in use, since now " + files_problem_;
    }
  }

  void look_closer(Failure& failure) {
    if (!std::exchange(connection_->looked, true)) {
      connection_->finding = look_at_server({.address = failed_address(failure),
                                             .name = parse_host_port(connection_->address)->host,
                                             .tls = connection_->tls});
    }
    if (connection_->finding) failure = *connection_->finding;
  }

  void start(std::unique_ptr<Call> call) {
    const CallId id = call->id();
    calls_.emplace(id, std::move(call));
  }

  /// A call that is started while nothing is open.
  void fail(CallId call) {
    failed_.push_back({.call = call,
                       .failure = files_problem_.empty()
                                      ? Failure{FailureKind::Unreachable, "nothing is open"}
                                      : Failure{FailureKind::BadFiles, files_problem_}});
  }

  const std::vector<std::string> endpoints_;
  const EtcdCredentials credentials_;
  grpc::CompletionQueue queue_;

  // Own synchronization: see wake().
  std::atomic<bool> woken_{false};
  grpc::Alarm alarm_;

  // Owned by the thread that the transport belongs to.
  std::optional<TlsPem> tls_;  // the last that could be used
  std::string files_problem_;  // why what is on disk now cannot
  std::string token_;
  std::optional<Connection> connection_;
  std::unordered_map<CallId, std::unique_ptr<Call>> calls_;
  std::deque<CallFailed> failed_;  // started while nothing was open
};

}  // namespace

std::unique_ptr<Transport> make_grpc_transport(std::vector<std::string> endpoints,
                                               EtcdCredentials credentials) {
  return std::make_unique<GrpcTransport>(std::move(endpoints), std::move(credentials));
}

void mute_grpc_log() { ::setenv("GRPC_VERBOSITY", "NONE", 0); }

}  // namespace osproxy::etcd
