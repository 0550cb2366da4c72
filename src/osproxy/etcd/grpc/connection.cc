#include "osproxy/etcd/grpc/connection.h"

#include <utility>

#include "osproxy/core/address.h"
#include "osproxy/core/system_roots.h"
#include "osproxy/etcd/tls_probe.h"

namespace osproxy::etcd {
namespace {

namespace pb = ::etcdserverpb;

// Detects a dead link while no call is under way. Not more often: etcd drops clients that ping more
// often than every 5 s (--grpc-keepalive-min-time).
constexpr int kKeepaliveTimeMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const TlsPem* tls) {
  if (tls == nullptr) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = tls->roots.empty() ? read_system_roots() : tls->roots;
  options.pem_private_key = tls->key;
  options.pem_cert_chain = tls->chain;
  return grpc::SslCredentials(options);
}

grpc::ChannelArguments arguments(int max_receive_bytes) {
  grpc::ChannelArguments args;
  // Connects to all addresses of a name at a time, and uses those whose server speaks HTTP/2. By
  // default gRPC tries one address after the other, and gives each twenty seconds: a dead or frozen
  // one that comes first would use up all deadlines. Calls of one connection may then reach several
  // members, which linearizable reads allow for.
  args.SetLoadBalancingPolicyName("round_robin");
  // By default channels to one address share their connection: a new channel would get the broken
  // connection of the old one.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit: a watch is silent for days
  // Off: after each response a ping would measure the capacity of the link, and its response would
  // wake the thread. A document fits into one window; a large one asks for a window of its size.
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetMaxReceiveMessageSize(max_receive_bytes);
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);     // the machine decides whether to retry
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // etcd is not reached through the proxy for the web
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);  // no TXT lookups
  args.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);                    // nothing reads its traces
  args.SetInt(GRPC_ARG_MAX_CHANNEL_TRACE_EVENT_MEMORY_PER_NODE, 0);
  return args;
}

}  // namespace

Connection::Connection(std::string_view host_port, const TlsPem* tls, int max_receive_bytes)
    : address_(host_port),
      tls_(tls),
      channel_(grpc::CreateCustomChannel("dns:///" + address_, channel_credentials(tls),
                                         arguments(max_receive_bytes))),
      kv_(pb::KV::NewStub(channel_)),
      watch_(pb::Watch::NewStub(channel_)),
      lease_(pb::Lease::NewStub(channel_)),
      auth_(pb::Auth::NewStub(channel_)) {}

void Connection::diagnose(Failure& failure) {
  if (established_ || !is_ambiguous(failure.kind)) return;
  if (!std::exchange(probed_, true)) {
    finding_ = probe_tls(
        {.address = failed_address(failure), .name = parse_host_port(address_)->host, .tls = tls_});
  }
  if (finding_) failure = *finding_;
}

}  // namespace osproxy::etcd
