// One connection to one endpoint: gRPC's channel, what is called on it, and why nothing came of it.
//
// Not thread-safe. Dropping it does not end its calls, which hold on to what they need; the
// CallQueue's owner cancels them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <grpcpp/grpcpp.h>

#include "osproxy/etcd/credential_files.h"
#include "osproxy/etcd/failure.h"
#include "osproxy/etcd/protocol.h"
#include "rpc.grpc.pb.h"

namespace osproxy::etcd {

class Connection {
 public:
  /// `tls` is null for a connection without, and outlives it.
  Connection(std::string_view host_port, const TlsPem* tls);

  etcdserverpb::KV::Stub& kv() { return *kv_; }
  etcdserverpb::Watch::Stub& watch() { return *watch_; }
  etcdserverpb::Lease::Stub& lease() { return *lease_; }
  etcdserverpb::Auth::Stub& auth() { return *auth_; }

  /// etcd has answered on it.
  void has_answered() { came_about_ = true; }

  /// Says more of a call's failure than gRPC does, if the connection never came about. May look at
  /// the server, once, which blocks (etcd/tls_probe.h).
  void explain(Failure& failure);

 private:
  const std::string address_;
  const TlsPem* const tls_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<etcdserverpb::KV::Stub> kv_;
  const std::unique_ptr<etcdserverpb::Watch::Stub> watch_;
  const std::unique_ptr<etcdserverpb::Lease::Stub> lease_;
  const std::unique_ptr<etcdserverpb::Auth::Stub> auth_;
  bool came_about_ = false;
  bool looked_ = false;
  std::optional<Failure> finding_{};  // of that look
};

}  // namespace osproxy::etcd
