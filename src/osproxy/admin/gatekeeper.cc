#include "osproxy/admin/gatekeeper.h"

#include <utility>

#include "osproxy/admin/access.h"
#include "osproxy/core/random.h"

namespace osproxy::admin {
namespace {

SipKey random_key() {
  Random random = Random::from_system();
  return {.k0 = random.next(), .k1 = random.next()};
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
  const auto roles = this->roles();
  if (roles->is_empty()) return {.caller = local_};
  if (head.authorization) {
    const auto token = bearer_token(*head.authorization);
    if (!token) return {.refusal = Refusal::NoToken};
    return by_token(*roles, head.peer, *token, failures);
  }
  if (head.certificate == nullptr) return {.refusal = Refusal::NoToken};
  auto caller = roles->find_certificate(*head.certificate);
  if (!caller) return {.refusal = Refusal::BadCertificate};
  return {.caller = std::move(caller), .is_proven = true};
}

}  // namespace osproxy::admin
