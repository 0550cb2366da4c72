// Finds out who sends a request to the admin listener, and refuses those who may not.
//
//   Gatekeeper gatekeeper(roles, clock);
//   const Identity identity = gatekeeper.identify(head);
//   if (!identity.caller) refuse(identity.refusal);
//
// A bearer token decides, if there is one; else the client certificate. Without any known token or
// certificate the listener is on loopback, and each local process is the caller "local", who may do
// all; access.h keeps web pages out.
//
// Thread safety: any thread may call any member.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>

#include "osproxy/admin/failed_proofs.h"
#include "osproxy/admin/message.h"
#include "osproxy/admin/refusals.h"
#include "osproxy/core/clock.h"
#include "osproxy/core/sip_hash.h"
#include "osproxy/identify/admin_roles.h"

namespace osproxy::admin {

struct Identity {
  CallerPointer caller{};              ///< null: not known, and `refusal` says why
  Refusal refusal = Refusal::NoToken;  ///< if there is no caller
  bool is_proven = false;              ///< by a token or a certificate
  bool is_ambient = true;  ///< a browser could send the proof, or needs none, without a person
  std::shared_ptr<const AdminRoles> roles{};  ///< that it was judged by
};

class Gatekeeper {
 public:
  /// `clock` must outlive this.
  Gatekeeper(AdminRoles roles, const Clock& clock);

  /// The next requests are judged by these.
  void replace(AdminRoles roles);

  /// Somebody is known: all others are refused.
  bool is_closed() const;

  /// Whether an unknown token counts against the client's address: where no token is needed, a
  /// forgotten one does no harm.
  enum class Failures : std::uint8_t { Count, Ignore };

  Identity identify(const Request& head, Failures failures = Failures::Count);

  /// Judges the caller of a response that goes on again, if the roles have been replaced since. The
  /// error is a sentence for the client: its proof is no longer known, or its rights are less. A
  /// failure does not count against the address.
  std::expected<void, std::string> recheck(const Request& head, Identity& identity) const;

 private:
  std::shared_ptr<const AdminRoles> roles() const;
  Identity judge(const AdminRoles& roles, const Request& head, Failures failures);
  Identity by_token(const AdminRoles& roles, const Peer& peer, std::string_view token,
                    Failures failures);

  const Clock& clock_;
  const SipKey key_;
  const CallerPointer local_;

  mutable std::mutex mutex_;
  std::shared_ptr<const AdminRoles> roles_;  // guarded by mutex_
  FailedProofs failed_;                      // guarded by mutex_
};

}  // namespace osproxy::admin
