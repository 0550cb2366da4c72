#include "osproxy/etcd/grpc/messages.h"

#include <string>
#include <utility>

namespace osproxy::etcd {
namespace {

namespace pb = ::etcdserverpb;

Header from(const pb::ResponseHeader& header) {
  return {.cluster_id = header.cluster_id(), .revision = header.revision()};
}

/// The first key after all keys with the prefix, as etcd's clients compute it: the last byte that
/// is not 0xff grows by one. Without such a byte it is a zero byte, which means "to the end".
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

void add_condition(pb::TxnRequest& txn, const KeyCondition& condition) {
  pb::Compare& compare = *txn.add_compare();
  compare.set_result(pb::Compare::EQUAL);
  compare.set_target(pb::Compare::MOD);
  compare.set_key(condition.key);
  compare.set_mod_revision(condition.mod_revision);
}

}  // namespace

pb::RangeRequest to_message(const ReadRequest& request) {
  pb::RangeRequest range;
  range.set_key(request.key);
  range.set_keys_only(request.keys_only);
  return range;
}

pb::RangeRequest to_message(const ListRequest& request) {
  pb::RangeRequest range;
  range.set_key(request.first.empty() ? request.prefix : request.first);
  range.set_range_end(prefix_end(request.prefix));
  range.set_count_only(request.count_only);
  range.set_limit(request.limit);
  return range;
}

pb::WatchRequest to_message(const WatchRequest& request) {
  pb::WatchRequest watch;
  auto& create = *watch.mutable_create_request();
  create.set_key(request.key);
  create.set_start_revision(request.start_revision);
  create.set_fragment(true);
  return watch;
}

pb::TxnRequest to_message(const WriteRequest& request) {
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

pb::LeaseGrantRequest to_message(const GrantRequest& request) {
  pb::LeaseGrantRequest grant;
  grant.set_ttl(request.ttl.count());
  return grant;
}

pb::LeaseKeepAliveRequest to_message(const KeepAliveRequest& request) {
  pb::LeaseKeepAliveRequest keep_alive;
  keep_alive.set_id(request.lease);
  return keep_alive;
}

pb::LeaseRevokeRequest to_message(const RevokeRequest& request) {
  pb::LeaseRevokeRequest revoke;
  revoke.set_id(request.lease);
  return revoke;
}

pb::AuthenticateRequest to_message(const AuthRequest& request) {
  pb::AuthenticateRequest who;
  who.set_name(request.user);
  who.set_password(request.password);
  return who;
}

TransportEvent read_done(CallId call, pb::RangeResponse&& response) {
  ReadDone done{.call = call, .header = from(response.header())};
  if (response.kvs_size() > 0) {
    done.mod_revision = response.kvs(0).mod_revision();
    done.lease = response.kvs(0).lease();
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
                            .value = std::move(*kv.mutable_value()),
                            .lease = kv.lease(),
                            .version = kv.version()});
  }
  return done;
}

WatchResponse watch_response(CallId call, pb::WatchResponse&& message) {
  WatchResponse response{.call = call,
                         .header = from(message.header()),
                         .created = message.created(),
                         .canceled = message.canceled(),
                         .fragment = message.fragment(),
                         .compact_revision = message.compact_revision(),
                         .cancel_reason = std::move(*message.mutable_cancel_reason())};
  response.events.reserve(static_cast<std::size_t>(message.events_size()));
  for (auto& event : *message.mutable_events()) {
    response.events.push_back({.deleted = event.type() == mvccpb::Event::DELETE,
                               .mod_revision = event.kv().mod_revision(),
                               .value = std::move(*event.mutable_kv()->mutable_value())});
  }
  return response;
}

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
      done.lease = range.kvs(0).lease();
      done.value = std::move(*range.mutable_kvs(0)->mutable_value());
    }
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

KeptAlive kept_alive(CallId call, const pb::LeaseKeepAliveResponse& response) {
  return {.call = call, .ttl = std::chrono::seconds{response.ttl()}};
}

TransportEvent revoked(CallId call, pb::LeaseRevokeResponse&&) { return Revoked{.call = call}; }

TransportEvent authenticated(CallId call, pb::AuthenticateResponse&& response) {
  return Authenticated{.call = call, .token = std::move(*response.mutable_token())};
}

}  // namespace osproxy::etcd
