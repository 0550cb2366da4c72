// Converts the requests of etcd/transport.h to etcd's messages, and etcd's messages to the events
// of etcd/protocol.h. Knows protobuf, not gRPC.
//
// Thread safety: pure functions. A message that is converted to an event is moved from.
#pragma once

#include "osproxy/etcd/protocol.h"
#include "osproxy/etcd/transport.h"
#include "rpc.pb.h"

namespace osproxy::etcd {

etcdserverpb::RangeRequest to_message(const ReadRequest& request);
etcdserverpb::RangeRequest to_message(const ListRequest& request);
etcdserverpb::WatchRequest to_message(const WatchRequest& request);
etcdserverpb::TxnRequest to_message(const WriteRequest& request);
etcdserverpb::LeaseGrantRequest to_message(const GrantRequest& request);
etcdserverpb::LeaseKeepAliveRequest to_message(const KeepAliveRequest& request);
etcdserverpb::LeaseRevokeRequest to_message(const RevokeRequest& request);
etcdserverpb::AuthenticateRequest to_message(const AuthRequest& request);

TransportEvent read_done(CallId call, etcdserverpb::RangeResponse&& response);
TransportEvent list_done(CallId call, etcdserverpb::RangeResponse&& response);
WatchResponse watch_response(CallId call, etcdserverpb::WatchResponse&& response);
TransportEvent write_done(CallId call, etcdserverpb::TxnResponse&& response);
TransportEvent grant_done(CallId call, etcdserverpb::LeaseGrantResponse&& response);
KeptAlive kept_alive(CallId call, const etcdserverpb::LeaseKeepAliveResponse& response);
TransportEvent revoked(CallId call, etcdserverpb::LeaseRevokeResponse&& response);
TransportEvent authenticated(CallId call, etcdserverpb::AuthenticateResponse&& response);

}  // namespace osproxy::etcd
