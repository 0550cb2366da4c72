#include "osproxy/etcd/auth_transport.h"

#include <algorithm>
#include <utility>

#include "osproxy/etcd/credential_files.h"

namespace osproxy::etcd {
namespace {

using std::chrono::nanoseconds;

// The timeout of a token that a watch waits for: a watch has none. etcd hashes the password for
// each token, which takes it 0.1 s.
constexpr std::chrono::seconds kTokenTimeout{5};

/// True if etcd refuses a watch because of its token, as it says since 3.5.7. Earlier releases say
/// "permission denied", as they do without the permission: there only a new connection helps.
bool is_about_token(const WatchResponse& response) {
  return response.canceled && (response.cancel_reason.contains("invalid auth token") ||
                               response.cancel_reason.contains("revision of auth store is old"));
}

}  // namespace

AuthTransport::AuthTransport(std::unique_ptr<Transport> inner, EtcdCredentials credentials,
                             const Clock& clock)
    : AuthTransport(
          std::move(inner), credentials.user,
          [credentials] { return etcd::read_password(credentials); }, clock) {}

AuthTransport::AuthTransport(std::unique_ptr<Transport> inner, std::string user,
                             ReadPassword read_password, const Clock& clock)
    : inner_(std::move(inner)),
      user_(std::move(user)),
      read_password_(std::move(read_password)),
      clock_(clock) {}

void AuthTransport::open(std::size_t endpoint) {
  abandon_calls();
  inner_->open(endpoint);
}

void AuthTransport::close() {
  abandon_calls();
  inner_->close();
}

void AuthTransport::read(CallId call, const ReadRequest& request) {
  begin(call, request, &Transport::read);
}

void AuthTransport::list(CallId call, const ListRequest& request) {
  begin(call, request, &Transport::list);
}

void AuthTransport::watch(CallId call, const WatchRequest& request) {
  begin(call, kTokenTimeout,
        [this, request](CallId id, nanoseconds) { inner_->watch(id, request); });
}

void AuthTransport::write(CallId call, const WriteRequest& request) {
  begin(call, request, &Transport::write);
}

void AuthTransport::grant(CallId call, const GrantRequest& request) {
  begin(call, request, &Transport::grant);
}

void AuthTransport::keep_alive(CallId call, const KeepAliveRequest& request) {
  begin(call, request, &Transport::keep_alive);
}

void AuthTransport::revoke(CallId call, const RevokeRequest& request) {
  begin(call, request, &Transport::revoke);
}

void AuthTransport::authenticate(CallId call, const AuthRequest& request) {
  const CallId id = next_call();
  under_way_.emplace(id, Call{.id = call, .end = {}, .start = {}, .repeated = true});
  inner_->authenticate(id, request);
}

void AuthTransport::use_token(std::string token) {
  inner_->use_token(std::move(token));
  has_token_ = true;
  ++token_;
}

void AuthTransport::begin(CallId call, nanoseconds timeout, StartCall start) {
  Call begun{.id = call, .end = clock_.boot() + timeout, .start = std::move(start)};
  if (has_token_) {
    start_with_token(std::move(begun));
  } else {
    start_after_token(std::move(begun));
  }
}

template <class Request>
void AuthTransport::begin(CallId call, const Request& request,
                          void (Transport::*start)(CallId, const Request&)) {
  begin(call, request.timeout,
        [this, start, request = request](CallId id, nanoseconds timeout) mutable {
          request.timeout = timeout;
          (inner_.get()->*start)(id, request);
        });
}

void AuthTransport::start_with_token(Call call) {
  const CallId id = next_call();
  call.token = token_;
  const nanoseconds left = time_left(call.end);
  const StartCall start = call.start;
  under_way_.emplace(id, std::move(call));
  start(id, left);
}

/// Never negative: after the computer has slept, a response may be handled late.
nanoseconds AuthTransport::time_left(BootTime end) const {
  return std::max<nanoseconds>(end - clock_.boot(), nanoseconds{1});
}

void AuthTransport::start_after_token(Call call) {
  const BootTime end = call.end;
  waiting_.push_back(std::move(call));
  if (!authenticating_) get_token(end);
}

void AuthTransport::get_token(BootTime end) {
  auto password = read_password_();
  if (!password) return token_refused({FailureKind::BadFiles, std::move(password).error()});
  authenticating_ = next_call();
  inner_->authenticate(
      *authenticating_,
      {.user = user_, .password = *std::move(password), .timeout = time_left(end)});
}

/// The connection is dropped, and with it all calls. None may be repeated on the next one.
void AuthTransport::abandon_calls() {
  for (auto& [id, call] : under_way_) call.cancelled = true;
  authenticating_.reset();
  token_refused({FailureKind::Cancelled, {}});
}

void AuthTransport::cancel(CallId call) {
  const auto is_it = [call](const Call& one) { return one.id == call; };
  if (const auto found = std::ranges::find_if(waiting_, is_it); found != waiting_.end()) {
    waiting_.erase(found);
    ready_.emplace_back(CallFailed{.call = call, .failure = {FailureKind::Cancelled, {}}});
    return;
  }
  for (auto& [id, one] : under_way_) {
    if (!is_it(one)) continue;
    one.cancelled = true;
    return inner_->cancel(id);
  }
}

std::optional<TransportEvent> AuthTransport::next(nanoseconds timeout) {
  const BootTime end = clock_.boot() + timeout;
  while (ready_.empty()) {
    auto event = inner_->next(std::max<nanoseconds>(end - clock_.boot(), nanoseconds{0}));
    if (!event) return std::nullopt;
    take(*std::move(event));
  }
  TransportEvent event = std::move(ready_.front());
  ready_.pop_front();
  return event;
}

void AuthTransport::take(TransportEvent event) {
  const CallId inner = std::visit([](const auto& one) { return one.call; }, event);
  const auto* const failed = std::get_if<CallFailed>(&event);
  const auto* const response = std::get_if<WatchResponse>(&event);
  if (inner == authenticating_) {
    authenticating_.reset();
    if (failed) return token_refused(failed->failure);
    return token_arrived(std::move(std::get<Authenticated>(event).token));
  }
  if (failed && failed->failure.kind == FailureKind::Unauthenticated &&
      repeat_with_new_token(inner))
    return;
  if (response && is_about_token(*response) && repeat_with_new_token(inner))
    return inner_->cancel(inner);

  const auto found = under_way_.find(inner);
  if (found == under_way_.end()) return;  // of a call that was repeated or abandoned
  std::visit([&](auto& one) { one.call = found->second.id; }, event);
  if (!response) under_way_.erase(found);  // a watch goes on until it fails
  ready_.push_back(std::move(event));
}

void AuthTransport::token_arrived(std::string token) {
  use_token(std::move(token));
  for (Call& call : std::exchange(waiting_, {})) start_with_token(std::move(call));
}

void AuthTransport::token_refused(const Failure& failure) {
  for (const Call& call : std::exchange(waiting_, {})) {
    ready_.emplace_back(CallFailed{.call = call.id, .failure = failure});
  }
}

/// Repeats a call that was refused because of its token. False if it was repeated already, so that
/// another token does not help, or if the caller has cancelled it.
bool AuthTransport::repeat_with_new_token(CallId inner) {
  const auto found = under_way_.find(inner);
  if (found == under_way_.end() || found->second.repeated || found->second.cancelled) return false;
  Call call = std::move(found->second);
  under_way_.erase(found);
  call.repeated = true;
  if (call.token == token_) has_token_ = false;  // else a new one has arrived meanwhile
  if (has_token_) {
    start_with_token(std::move(call));
  } else {
    start_after_token(std::move(call));
  }
  return true;
}

std::unique_ptr<Transport> make_transport(std::vector<std::string> endpoints,
                                          EtcdCredentials credentials, const Clock& clock,
                                          int max_receive_bytes) {
  auto transport = make_grpc_transport(std::move(endpoints), credentials, max_receive_bytes);
  if (credentials.user.empty()) return transport;
  return std::make_unique<AuthTransport>(std::move(transport), std::move(credentials), clock);
}

}  // namespace osproxy::etcd
