// A connection to one endpoint: gRPC's channel, its stubs, and the diagnosis if it fails.
//
// Not thread-safe. Destroying it does not end its calls, which keep the channel alive: the owner of
// the CallQueue cancels them.
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
  /// `tls` must outlive the connection; null: a connection without TLS.
  Connection(std::string_view host_port, const TlsPem* tls, int max_receive_bytes);

  etcdserverpb::KV::Stub& kv() { return *kv_; }
  etcdserverpb::Watch::Stub& watch() { return *watch_; }
  etcdserverpb::Lease::Stub& lease() { return *lease_; }
  etcdserverpb::Auth::Stub& auth() { return *auth_; }

  /// etcd has responded on it.
  void mark_established() { established_ = true; }

  /// Makes a call's failure more precise than gRPC does, if the connection was never established.
  /// May probe the server, once, which blocks (etcd/tls_probe.h).
  void diagnose(Failure& failure);

 private:
  const std::string address_;
  const TlsPem* const tls_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<etcdserverpb::KV::Stub> kv_;
  const std::unique_ptr<etcdserverpb::Watch::Stub> watch_;
  const std::unique_ptr<etcdserverpb::Lease::Stub> lease_;
  const std::unique_ptr<etcdserverpb::Auth::Stub> auth_;
  bool established_ = false;
  bool probed_ = false;
  std::optional<Failure> finding_{};  // of the probe
};

}  // namespace osproxy::etcd
