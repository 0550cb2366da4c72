// The calls that are streams: a watch, and the keepalive of a lease (etcd/grpc/call.h).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "osproxy/etcd/grpc/call.h"
#include "osproxy/etcd/transport.h"
#include "rpc.grpc.pb.h"

namespace osproxy::etcd {

/// A watch, until it fails. It reads the next response in read_next() only: reading costs gRPC a
/// write to the socket, which can wait until the current response is in force.
class WatchCall final : public Call {
 public:
  WatchCall(CallId id, const std::string& token, etcdserverpb::Watch::Stub& stub,
            const WatchRequest& request, grpc::CompletionQueue* queue);

  std::optional<TransportEvent> ended(Operation& operation, bool ok) override;
  void read_next() override;
  bool is_over() const override;

 private:
  using Stream =
      grpc::ClientAsyncReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>;

  const etcdserverpb::WatchRequest request_;
  etcdserverpb::WatchResponse response_;
  std::unique_ptr<Stream> stream_;
  bool has_response_ = false;  // and read_next() was not called yet
  Operation write_{*this};
  Operation read_{*this};
  Operation finish_{*this};
};

/// One keepalive of a lease, on a separate stream.
class KeepAliveCall final : public Call {
 public:
  KeepAliveCall(CallId id, const std::string& token, etcdserverpb::Lease::Stub& stub,
                const KeepAliveRequest& request, grpc::CompletionQueue* queue);

  std::optional<TransportEvent> ended(Operation& operation, bool ok) override;
  bool is_over() const override { return over_; }

 private:
  using Stream = grpc::ClientAsyncReaderWriter<etcdserverpb::LeaseKeepAliveRequest,
                                               etcdserverpb::LeaseKeepAliveResponse>;

  void end_stream();

  const etcdserverpb::LeaseKeepAliveRequest request_;
  etcdserverpb::LeaseKeepAliveResponse response_;
  std::unique_ptr<Stream> stream_;
  bool has_response_ = false;
  bool over_ = false;
  Operation write_{*this};
  Operation read_{*this};
  Operation close_{*this};
  Operation finish_{*this};
};

}  // namespace osproxy::etcd
