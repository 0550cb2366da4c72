#include "osproxy/otlp/grpc_transport.h"

#include <atomic>
#include <utility>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "osproxy/client/http_error.h"
#include "osproxy/core/resolve_host.h"
#include "osproxy/core/system_roots.h"
#include "osproxy/core/version.h"
#include "osproxy/otlp/collector_response.h"
#include "osproxy/otlp/credentials.h"

namespace osproxy::otlp {
namespace {

constexpr const char* kMethod = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A response is a few counts and a sentence.
constexpr int kMaxReceiveBytes = 1 << 20;
constexpr std::size_t kMaxMessageBytes = 256;

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(
    bool tls, const client::TlsCredentials& credentials) {
  if (!tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials(
      {.pem_root_certs = credentials.roots.empty() ? read_system_roots() : credentials.roots,
       .pem_private_key = credentials.key,
       .pem_cert_chain = credentials.chain});
}

grpc::ChannelArguments arguments() {
  grpc::ChannelArguments args;
  // Connects to all addresses of a name at a time, and uses those that respond. By default gRPC
  // tries them one after the other, and waits twenty seconds for each.
  args.SetLoadBalancingPolicyName("round_robin");
  // A new channel makes a new connection, whatever the state of an old one.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // RetryMachine decides on retries
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // as for all other connections of osproxy
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);  // no TXT lookups
  args.SetUserAgentPrefix(std::string("osproxy/") + kVersion);
  return args;
}

grpc::ByteBuffer buffer_of(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

ExportResult result_of(const grpc::Status& status, const grpc::ByteBuffer& response) {
  if (!status.ok()) {
    return {.kind = ExportResult::Kind::GrpcStatus,
            .code = status.error_code(),
            .retry_after = read_retry_delay(status.error_details()),
            .message = status.error_message().substr(0, kMaxMessageBytes)};
  }
  const PartialSuccess partial = read_partial_success(bytes_of(response));
  return {.kind = ExportResult::Kind::Accepted,
          .rejected_spans = partial.rejected_spans,
          .message = partial.message.substr(0, kMaxMessageBytes)};
}

/// After UNAVAILABLE gRPC would wait for minutes before it connects again; RetryMachine decides
/// when to retry. After DEADLINE_EXCEEDED the connection may have died without a word. gRPC would
/// keep it as long as the kernel does, and collectors refuse pings that would tell: gRPC's servers
/// allow one in five minutes.
bool needs_new_connection(grpc::StatusCode code) noexcept {
  return code == grpc::StatusCode::UNAVAILABLE || code == grpc::StatusCode::DEADLINE_EXCEEDED;
}

class GrpcTransport final : public SpanTransport {
 public:
  GrpcTransport(Target target, const TransportOptions& options)
      : target_(std::move(target)), options_(options) {}

  ExportResult send(const std::string& request, std::chrono::milliseconds timeout,
                    std::stop_token stop) override {
    if (const auto connected = connect(); !connected) {
      return {.kind = ExportResult::Kind::NoResponse, .message = connected.error()};
    }
    grpc::ClientContext context;
    set_up(context, timeout);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    grpc::CompletionQueue queue;
    const auto call = stub_->PrepareUnaryCall(&context, kMethod, buffer_of(request), &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, &queue);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);  // returns by the deadline
    queue.Shutdown();
    ExportResult result = result_of(status, response);
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      result.message = timeout_text(target_.origin.address.host, *is_resolved_);
    }
    if (needs_new_connection(status.error_code())) stub_.reset();
    return result;
  }

 private:
  std::expected<void, std::string> connect() {
    if (stub_) return {};
    const auto credentials = read_credentials(options_);
    if (!credentials) return std::unexpected(credentials.error());
    is_resolved_ = std::make_shared<std::atomic<bool>>(false);
    resolve_host(target_.origin.address.host,
                 [resolved = is_resolved_](const ResolvedHost&) { *resolved = true; });
    stub_ = std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
        "dns:///" + target_.origin.address.to_string(),
        channel_credentials(target_.origin.tls, *credentials), arguments()));
    return {};
  }

  void set_up(grpc::ClientContext& context, std::chrono::milliseconds timeout) const {
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    if (options_.gzip) context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
    for (const auto& [name, value] : options_.headers) context.AddMetadata(name, value);
  }

  const Target target_;
  const TransportOptions options_;
  std::unique_ptr<grpc::GenericStub> stub_;
  // gRPC does not say whether a name server or the collector was silent: this lookup of the same
  // name does.
  std::shared_ptr<std::atomic<bool>> is_resolved_;
};

}  // namespace

std::string timeout_text(const std::string& host, bool is_resolved) {
  return is_resolved ? "no response in time" : client::lookup_timed_out(host).reason;
}

std::unique_ptr<SpanTransport> make_grpc_transport(Target target, const TransportOptions& options) {
  return std::make_unique<GrpcTransport>(std::move(target), options);
}

}  // namespace osproxy::otlp
