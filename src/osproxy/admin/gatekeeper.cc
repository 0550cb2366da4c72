#include "osproxy/admin/gatekeeper.h"

#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "osproxy/admin/access.h"
#include "osproxy/core/random.h"

namespace osproxy::admin {
namespace {

SipKey random_key() {
  Random random = Random::from_system();
  return {.k0 = random.next(), .k1 = random.next()};
}

/// The caller that the proof of a request is of; null if it is not known.
CallerPointer find(const AdminRoles& roles, const Request& head) {
  if (head.authorization) {
    const auto token = bearer_token(*head.authorization);
    return token ? roles.find_token(*token) : nullptr;
  }
  return head.certificate == nullptr ? nullptr : roles.find_certificate(*head.certificate);
}

/// Why a request is not admitted that was before.
std::string_view loss_of(const Request& head) {
  if (head.authorization) return "the token of this request is not known any more";
  if (head.certificate != nullptr) return "no line names this client certificate any more";
  return "a token is needed now";
}

}  // namespace

Gatekeeper::Gatekeeper(AdminRoles roles, const Clock& clock)
    : clock_(clock),
      key_(random_key()),
      local_(std::make_shared<const Caller>(Caller{.name = "local", .role = Role::Admin})),
      roles_(std::make_shared<const AdminRoles>(std::move(roles))) {}

void Gatekeeper::replace(AdminRoles roles) {
  auto renewed = std::make_shared<const AdminRoles>(std::move(roles));
  const std::lock_guard lock(mutex_);
  roles_ = std::move(renewed);
}

std::shared_ptr<const AdminRoles> Gatekeeper::roles() const {
  const std::lock_guard lock(mutex_);
  return roles_;
}

bool Gatekeeper::is_closed() const { return !roles()->is_empty(); }

Identity Gatekeeper::by_token(const AdminRoles& roles, const Peer& peer, std::string_view token,
                              Failures failures) {
  const std::uint64_t key = sip_hash(token, key_);
  const BootTime now = clock_.boot();
  const std::lock_guard lock(mutex_);
  if (!failed_.may_try(peer, key, now)) return {.refusal = Refusal::TooManyFailures};
  auto caller = roles.find_token(token);
  if (!caller) {
    if (failures == Failures::Count) failed_.failed(peer, now);
    return {.refusal = Refusal::BadToken};
  }
  failed_.succeeded(peer, key);
  return {.caller = std::move(caller), .is_proven = true, .is_ambient = false};
}

Identity Gatekeeper::identify(const Request& head, Failures failures) {
  auto roles = this->roles();
  Identity identity = judge(*roles, head, failures);
  identity.roles = std::move(roles);
  return identity;
}

Identity Gatekeeper::judge(const AdminRoles& roles, const Request& head, Failures failures) {
  if (roles.is_empty()) return {.caller = local_};
  if (head.authorization) {
    const auto token = bearer_token(*head.authorization);
    if (!token) return {.refusal = Refusal::NoToken};
    return by_token(roles, head.peer, *token, failures);
  }
  if (head.certificate == nullptr) return {.refusal = Refusal::NoToken};
  auto caller = roles.find_certificate(*head.certificate);
  if (!caller) return {.refusal = Refusal::BadCertificate};
  return {.caller = std::move(caller), .is_proven = true};
}

std::expected<void, std::string> Gatekeeper::recheck(const Request& head,
                                                     Identity& identity) const {
  auto roles = this->roles();
  if (roles == identity.roles || !identity.caller) return {};
  const CallerPointer caller = roles->is_empty() ? local_ : find(*roles, head);
  if (!caller) {
    return std::unexpected(std::string(loss_of(head)));
  }
  const bool has_less = caller->role < identity.caller->role;
  if (has_less || caller->tenants != identity.caller->tenants) {
    return std::unexpected(
        fmt::format("the rights of {} have changed: connect again", caller->name));
  }
  identity.caller = caller;
  identity.roles = std::move(roles);
  return {};
}

}  // namespace osproxy::admin
