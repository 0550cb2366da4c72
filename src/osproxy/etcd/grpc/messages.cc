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

void add_write(pb::TxnRequest& txn, const std::string& key, const std::optional<std::string>& value,
               LeaseId lease) {
  pb::RequestOp& operation = *txn.add_success();
  if (!value) return operation.mutable_request_delete_range()->set_key(key);
  pb::PutRequest& put = *operation.mutable_request_put();
  put.set_key(key);
  put.set_value(*value);
  put.set_lease(lease);
}

KeyValue key_value(mvccpb::KeyValue& kv) {
  return {.key = std::move(*kv.mutable_key()),
          .mod_revision = kv.mod_revision(),
          .value = std::move(*kv.mutable_value()),
          .lease = kv.lease(),
          .version = kv.version(),
          .create_revision = kv.create_revision()};
}

}  // namespace

pb::RangeRequest to_message(const ReadRequest& request) {
  pb::RangeRequest range;
  range.set_key(request.key);
  range.set_keys_only(request.keys_only);
  range.set_revision(request.at);
  return range;
}

pb::RangeRequest to_message(const ListRequest& request) {
  pb::RangeRequest range;
  range.set_key(request.first.empty() ? request.prefix : request.first);
  range.set_range_end(prefix_end(request.prefix));
  range.set_count_only(request.count_only);
  range.set_keys_only(request.keys_only);
  range.set_limit(request.limit);
  range.set_min_create_revision(request.min_created);
  range.set_max_create_revision(request.max_created);
  if (request.order != ListOrder::ByKey) {
    range.set_sort_target(pb::RangeRequest::CREATE);
    range.set_sort_order(request.order == ListOrder::OldestFirst ? pb::RangeRequest::ASCEND
                                                                 : pb::RangeRequest::DESCEND);
  }
  return range;
}

pb::WatchRequest to_message(const WatchRequest& request) {
  pb::WatchRequest watch;
  auto& create = *watch.mutable_create_request();
  create.set_key(request.key);
  create.set_start_revision(request.start_revision);
  create.set_fragment(true);
  create.set_prev_kv(request.with_before);
  if (request.is_prefix) create.set_range_end(prefix_end(request.key));
  return watch;
}

pb::TxnRequest to_message(const WriteRequest& request) {
  pb::TxnRequest txn;
  if (request.expected) add_condition(txn, {request.key, *request.expected});
  if (request.guard) add_condition(txn, *request.guard);
  add_write(txn, request.key, request.value, request.lease);
  txn.add_failure()->mutable_request_range()->set_key(request.key);
  for (const AlsoWrite& also : request.also) {
    add_write(txn, also.key, also.value, 0);
    if (!also.expected) continue;
    add_condition(txn, {also.key, *also.expected});
    pb::RangeRequest& range = *txn.add_failure()->mutable_request_range();
    range.set_key(also.key);
    range.set_keys_only(true);
  }
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
    done.entries.push_back(key_value(kv));
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
                               .value = std::move(*event.mutable_kv()->mutable_value()),
                               .key = std::move(*event.mutable_kv()->mutable_key()),
                               .create_revision = event.kv().create_revision(),
                               .before = event.has_prev_kv()
                                             ? std::optional(key_value(*event.mutable_prev_kv()))
                                             : std::nullopt});
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
    for (int i = 1; i < response.responses_size(); ++i) {
      auto& also = *response.mutable_responses(i)->mutable_response_range();
      if (also.kvs_size() > 0) done.also.push_back(key_value(*also.mutable_kvs(0)));
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
