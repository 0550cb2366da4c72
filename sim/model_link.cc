#include "sim/model_link.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "osproxy/etcd/random_time.h"

namespace osproxy::etcd::sim {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

ModelLink::ModelLink(VirtualTime& time, ModelEtcd& etcd, Random random,
                     std::function<void()> arrived)
    : time_(time), etcd_(etcd), random_(random), arrived_(std::move(arrived)) {
  etcd_.attach(*this);
}

ModelLink::~ModelLink() { etcd_.detach(*this); }

bool ModelLink::chance(int per_mille) {
  return !etcd_.is_calm() && random_.below(1000) < static_cast<std::uint64_t>(per_mille);
}

/// Mostly short; now and then longer than every timeout of the machines.
nanoseconds ModelLink::random_delay() {
  const nanoseconds most = chance(20) ? 6s : chance(100) ? 300ms : 3ms;
  return random_below(random_, most);
}

void ModelLink::after(nanoseconds delay, std::function<void()> what) {
  time_.after(delay, [here = std::weak_ptr(here_), what = std::move(what)] {
    if (!here.expired()) what();
  });
}

// The connection.

void ModelLink::open(std::size_t endpoint) {
  close();
  connected_ = endpoint;
  broken_ = false;
}

void ModelLink::close() {
  connected_.reset();
  while (!calls_.empty()) cancel(calls_.begin()->first);
}

void ModelLink::cancel(CallId call) {
  if (calls_.erase(call) == 0) return;
  after(random_delay(), [this, call] {
    arrive(CallFailed{.call = call, .failure = {FailureKind::Cancelled, {}}});
  });
}

/// Messages that were sent before may still arrive; later ones are lost.
void ModelLink::break_connection(std::size_t member) {
  if (connected_ != member) return;
  broken_ = true;
  for (const auto& [id, call] : calls_) fail(id, FailureKind::Unreachable, random_delay());
}

// Calls with one response.

bool ModelLink::begin(CallId call) {
  calls_.emplace(call, Call{.member = connected_.value_or(0)});
  if (!connected_) fail(call, FailureKind::Unreachable, 0ns);
  return connected_.has_value();
}

void ModelLink::send_request(CallId call, nanoseconds timeout, Serve serve) {
  if (!begin(call)) return;
  // Now and then the call ends after its timeout: the machine must rely on its own deadline.
  const nanoseconds lateness = chance(300) ? random_below(random_, 20s) : 0ns;
  fail(call, FailureKind::Silent, timeout + lateness);
  after(random_delay(), [this, call, serve = std::move(serve)] { serve_later(call, serve); });
}

void ModelLink::send_with_token(CallId call, nanoseconds timeout, Serve serve) {
  send_request(call, timeout,
               [&etcd = etcd_, token = token_, serve = std::move(serve)]() -> Response {
                 if (!etcd.accepts_token(token))
                   return std::unexpected(FailureKind::Unauthenticated);
                 return serve();
               });
}

void ModelLink::serve_later(CallId call, const Serve& serve) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) {  // abandoned, but the request was sent
    if (chance(500)) (void)serve();
    return;
  }
  if (broken_) return fail(call, FailureKind::Unreachable, random_delay());
  const auto& member = etcd_.member(found->second.member);
  if (!member.up) return fail(call, FailureKind::Refused, random_delay());
  if (member.frozen || member.leaderless || chance(15)) {  // lost, or the response is too late
    if (chance(300)) time_.after(random_below(random_, 8s), [serve] { (void)serve(); });
    return;
  }
  Response response = serve();
  if (chance(15)) return;  // carried out, but the response is lost
  if (!response) return fail(call, response.error(), random_delay());
  send(call, *std::move(response));
}

void ModelLink::read(CallId call, const ReadRequest& request) {
  send_with_token(call, request.timeout, [&etcd = etcd_, call, request]() -> Response {
    if (!etcd.permits(request.key)) return std::unexpected(FailureKind::Permission);
    ReadDone done{.call = call, .header = etcd.header()};
    if (request.key != kDocumentKey) {
      if (const auto* key = etcd.keys().find(request.key)) {
        done.mod_revision = key->mod_revision;
        done.value = key->value;
        done.lease = key->lease;
      }
      return done;
    }
    const Version& now = etcd.current();
    if (now.huge && !request.keys_only) return std::unexpected(FailureKind::TooLarge);
    done.mod_revision = etcd.current_revision();
    if (!request.keys_only) done.value = now.value.value_or("");
    return done;
  });
}

void ModelLink::list(CallId call, const ListRequest& request) {
  send_with_token(call, request.timeout, [&etcd = etcd_, call, request]() -> Response {
    if (!etcd.permits(request.prefix)) return std::unexpected(FailureKind::Permission);
    ListDone done{.call = call, .header = etcd.header()};
    done.entries = etcd.keys().list(request.prefix);
    done.count = std::ssize(done.entries);
    if (request.count_only) done.entries.clear();
    return done;
  });
}

void ModelLink::write(CallId call, const WriteRequest& request) {
  send_with_token(call, request.timeout, [&etcd = etcd_, call, request]() -> Response {
    if (!etcd.permits(request.key)) return std::unexpected(FailureKind::Permission);
    auto done = etcd.write(request);
    if (!done) return std::unexpected(done.error());
    done->call = call;
    return *std::move(done);
  });
}

void ModelLink::grant(CallId call, const GrantRequest& request) {
  send_with_token(call, request.timeout, [&etcd = etcd_, call, request]() -> Response {
    return GrantDone{.call = call, .lease = etcd.keys().grant(request.ttl), .ttl = request.ttl};
  });
}

void ModelLink::keep_alive(CallId call, const KeepAliveRequest& request) {
  send_with_token(call, request.timeout, [&etcd = etcd_, call, request]() -> Response {
    return KeptAlive{.call = call, .ttl = etcd.keys().keep_alive(request.lease)};
  });
}

void ModelLink::revoke(CallId call, const RevokeRequest& request) {
  send_with_token(call, request.timeout, [&etcd = etcd_, call, request]() -> Response {
    if (!etcd.keys().revoke(request.lease)) return std::unexpected(FailureKind::NoLease);
    return Revoked{.call = call};
  });
}

void ModelLink::authenticate(CallId call, const AuthRequest& request) {
  ++authentications_;
  if (authenticating_ && calls_.contains(*authenticating_)) two_at_once_ = true;
  authenticating_ = call;
  send_request(call, request.timeout, [&etcd = etcd_, call]() -> Response {
    return Authenticated{.call = call, .token = std::to_string(etcd.token())};
  });
}

void ModelLink::use_token(std::string token) { token_ = std::stoull(token); }

// Watches.

void ModelLink::watch(CallId call, const WatchRequest& request) {
  if (!begin(call)) return;
  after(random_delay(),
        [this, call, request, token = token_] { accept_watch(call, request, token); });
}

void ModelLink::accept_watch(CallId call, const WatchRequest& request, std::uint64_t token) {
  const auto found = calls_.find(call);
  if (found == calls_.end()) return;
  if (broken_) return fail(call, FailureKind::Unreachable, random_delay());
  const auto& member = etcd_.member(found->second.member);
  if (!member.up) return fail(call, FailureKind::Refused, random_delay());
  if (member.frozen) return;
  if (member.leaderless) return fail(call, FailureKind::NoLeader, random_delay());
  WatchResponse response{.call = call, .header = etcd_.header(), .created = true};
  if (!etcd_.accepts_token(token)) {
    response.canceled = true;
    response.cancel_reason = etcd_.is_old_etcd() ? "rpc error: etcdserver: permission denied"
                                                 : "rpc error: etcdserver: invalid auth token";
    return send(call, std::move(response));
  }
  if (request.start_revision <= etcd_.compacted()) {
    response.canceled = true;
    response.compact_revision = etcd_.compacted();
    return send(call, std::move(response));
  }
  send(call, std::move(response));
  found->second.watching = true;
  found->second.start_revision = request.start_revision;
  send_events(call, etcd_.log());
}

void ModelLink::committed(const ModelEtcd::Change& change) {
  for (const auto& [id, call] : calls_) {
    const auto& member = etcd_.member(call.member);
    const bool hears = !member.deaf && !member.frozen && !member.leaderless;
    if (call.watching && !broken_ && hears) gather(id, change);
  }
}

void ModelLink::gather(CallId id, const ModelEtcd::Change& change) {
  auto& unsent = calls_.at(id).unsent;
  unsent.push_back(change);
  if (unsent.size() > 1) return;
  after(random_below(random_, 5ms), [this, id] {
    if (const auto call = calls_.find(id); call != calls_.end()) {
      send_events(id, std::exchange(call->second.unsent, {}));
    }
  });
}

/// In one response, in fragments, or one by one; some of them once more, later.
void ModelLink::send_events(CallId id, const std::vector<ModelEtcd::Change>& changes) {
  WatchResponse response{.call = id, .header = etcd_.header()};
  for (const auto& change : changes) {
    if (change.revision < calls_.at(id).start_revision) continue;
    if (change.version->huge) return fail(id, FailureKind::TooLarge, random_delay());
    response.events.push_back({.deleted = !change.version->value,
                               .mod_revision = change.revision,
                               .value = change.version->value.value_or("")});
    if (&change != &changes.back()) {
      if (random_.below(2) == 0) continue;  // in one response with the next event
      response.fragment = random_.below(2) == 0;
    }
    std::optional<WatchResponse>& repeats = calls_.at(id).repeats;
    if (repeats) send(id, *std::exchange(repeats, std::nullopt));
    if (!response.fragment && random_.below(10) == 0) repeats = response;
    send(id, std::exchange(response, {.call = id, .header = etcd_.header()}));
  }
}

void ModelLink::cancel_watches(const char* reason) {
  for (const auto& [id, call] : calls_) {
    if (!call.watching) continue;
    send(id, WatchResponse{
                 .call = id, .header = etcd_.header(), .canceled = true, .cancel_reason = reason});
  }
}

void ModelLink::end_watches_at(std::size_t member) {
  for (const auto& [id, call] : calls_) {
    if (call.watching && call.member == member) {
      fail(id, FailureKind::NoLeader, 3s + random_delay());
    }
  }
}

void ModelLink::refuse_calls() {
  for (const auto& [id, call] : calls_) {
    if (!call.watching) fail(id, FailureKind::Unauthenticated, random_delay());
  }
}

// Responses.

void ModelLink::send(CallId id, TransportEvent event) {
  Call& call = calls_.at(id);
  const bool lags = call.watching && etcd_.member(call.member).lagging;
  const nanoseconds lag = lags ? random_below(random_, 8s) : 0ns;
  call.last_delivery = std::max(call.last_delivery, time_.now() + random_delay() + lag);
  const bool last = !std::holds_alternative<WatchResponse>(event);
  after(call.last_delivery - time_.now(), [this, id, last, event = std::move(event)] {
    if (!calls_.contains(id)) return;
    if (last) calls_.erase(id);
    arrive(event);
  });
}

void ModelLink::fail(CallId id, FailureKind kind, nanoseconds delay) {
  after(delay, [this, id, kind] {
    if (calls_.erase(id) != 0) arrive(CallFailed{.call = id, .failure = {kind, {}}});
  });
}

void ModelLink::arrive(TransportEvent event) {
  inbox_.push_back(std::move(event));
  arrived_();
}

std::optional<TransportEvent> ModelLink::next(nanoseconds) {
  if (inbox_.empty()) return std::nullopt;
  TransportEvent event = std::move(inbox_.front());
  inbox_.pop_front();
  return event;
}

}  // namespace osproxy::etcd::sim
