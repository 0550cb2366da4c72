// Classifies why a call to etcd failed, and describes it for the person who has to repair it.
//
// Thread safety: pure functions and regular values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace osproxy::etcd {

enum class FailureKind : std::uint8_t {
  Refused,          ///< no server listens at that address
  NameNotFound,     ///< the host's name does not resolve
  Unreachable,      ///< the connection could not be opened, or broke
  Silent,           ///< no response within the deadline
  NotEtcd,          ///< the server does not speak etcd v3's protocol
  NoTls,            ///< the client speaks TLS, the server does not
  WantsTls,         ///< the server speaks TLS, the client does not
  Untrusted,        ///< no trusted CA has issued the server's certificate
  WrongName,        ///< the server's certificate is for another name
  Expired,          ///< the server's certificate is not valid now
  ClientRefused,    ///< the server refuses the client's certificate, or that there is none
  TlsFailed,        ///< the TLS handshake failed in another way
  BadFiles,         ///< the client's TLS or password files cannot be used
  Permission,       ///< the user may not do this
  Unauthenticated,  ///< etcd requires a user, or a newer token
  WrongPassword,    ///< the user does not exist, or has another password
  AuthOff,          ///< a user is given, but etcd's authentication is off
  NoLeader,         ///< the member has no leader: cut off, or an election is under way
  TooLarge,         ///< the response is larger than the limit
  Compacted,        ///< etcd has removed the revision
  OtherCluster,     ///< the response is from another cluster, or an older state of this one
  NoLease,          ///< the lease does not exist, or no longer
  WatchLost,        ///< the watch ended, or did not bring a change
  Cancelled,        ///< the client cancelled the call
  Other,            ///< etcd refused the call for another reason
};

/// A regular value.
struct Failure {
  FailureKind kind = FailureKind::Other;
  std::string detail{};  ///< the text of etcd, gRPC or OpenSSL; may be empty

  friend bool operator==(const Failure&, const Failure&) = default;
};

/// Classifies a gRPC status. `code` is one of gRPC's numbers (grpc/status.h), never OK.
Failure failure_from_status(int code, std::string_view message);

/// The address in such a failure's detail, `10.0.0.1:2379` or `[::1]:2379`; empty if there is none.
std::string failed_address(const Failure& failure);

/// True if gRPC reports several causes alike, so that a TLS probe may tell them apart
/// (etcd/tls_probe.h).
bool is_ambiguous(FailureKind kind) noexcept;

/// "10.0.0.1:2379: connection refused: is etcd running there, and is this its client port?" One
/// line of bounded length, whatever the server sent.
std::string describe(std::string_view endpoint, const Failure& failure);

/// True if the same call may succeed a second later. False if a person has to repair something
/// first, so that a start need not wait for it.
bool may_pass_by_itself(FailureKind kind) noexcept;

}  // namespace osproxy::etcd
