// Why a call to etcd failed: classified, and in words for the person who has to repair it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace osproxy::etcd {

enum class FailureKind : std::uint8_t {
  Refused,          ///< nothing listens at that address
  NameNotFound,     ///< the host's name does not resolve
  Unreachable,      ///< no connection, or it broke
  Silent,           ///< no response within the deadline
  NotEtcd,          ///< what answers does not speak etcd v3's protocol
  NoTls,            ///< we speak TLS, the server does not
  WantsTls,         ///< the server speaks TLS, we do not
  Untrusted,        ///< the server's certificate was not issued by a CA that we trust
  WrongName,        ///< the server's certificate is for another name
  Expired,          ///< the server's certificate is not valid now
  ClientRefused,    ///< the server wants a certificate of ours, or another one
  TlsFailed,        ///< the TLS handshake failed in another way
  BadFiles,         ///< our own TLS or password files cannot be used
  Permission,       ///< the user may not do this
  Unauthenticated,  ///< etcd wants a user, or a newer token
  WrongPassword,    ///< there is no such user, or its password is another
  AuthOff,          ///< we have a user, and etcd asks nobody who they are
  NoLeader,         ///< the member has no leader: cut off, or an election is under way
  TooLarge,         ///< the response is larger than we are willing to receive
  OtherCluster,     ///< the response is from another cluster, or an older state of this one
  NoLease,          ///< there is no such lease, or no longer
  WatchLost,        ///< the watch ended, or did not bring what it should have
  Cancelled,        ///< we ended the call ourselves
  Other,            ///< etcd said no for a reason of its own
};

/// A regular value.
struct Failure {
  FailureKind kind = FailureKind::Other;
  std::string detail{};  ///< what etcd or gRPC said; may be empty

  friend bool operator==(const Failure&, const Failure&) = default;
};

/// From a gRPC status: `code` is one of gRPC's numbers (grpc/status.h), never OK.
Failure failure_from_status(int code, std::string_view message);

/// The address that such a failure's detail names, as `10.0.0.1:2379` or `[::1]:2379`; empty if it
/// names none.
std::string failed_address(const Failure& failure);

/// True if gRPC says the same for several causes, so that a look at the server may tell more
/// (etcd/tls_probe.h).
bool is_ambiguous(FailureKind kind) noexcept;

/// "10.0.0.1:2379: connection refused: is etcd running there, and is this its client port?" One
/// line, bounded, whatever the server said.
std::string describe(std::string_view endpoint, const Failure& failure);

/// True if the same call may well succeed a second later; false if somebody has to repair
/// something first, so that there is no point in waiting for it at start.
bool may_pass_by_itself(FailureKind kind) noexcept;

}  // namespace osproxy::etcd
