// Diagnoses why a TLS connection failed.
//
//   auto why = probe_tls({.address = "10.0.0.1:2379", .name = "etcd-1", .tls = &pem});
//
// gRPC 1.51 gives one text for several causes: "certificate verify failed" for an expired
// certificate and for an unknown CA, "Socket closed" where only one side speaks TLS, and "Endpoint
// read failed" where the server refuses the client's certificate. The probe makes one TLS handshake
// with the same files and the same checks, and tells them apart. It sends nothing but the
// handshake. Its result is only used for words, never to trust a server.
//
// Thread safety: a free function. Blocks for at most kTlsProbeTimeout. To find no reason is no
// error: the server may have changed in the meantime.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "osproxy/etcd/credential_files.h"
#include "osproxy/etcd/failure.h"

namespace osproxy::etcd {

/// For a whole probe. Far longer than a handshake on any network that etcd can be used on, and
/// short enough for the destructor of a store, which waits for the thread.
inline constexpr std::chrono::milliseconds kTlsProbeTimeout{1'000};

struct TlsProbeTarget {
  std::string address;  ///< a numeric `host:port`: to resolve a name could block
  std::string name;     ///< the host that the certificate must be for, a name or an address
  const TlsPem* tls;    ///< null: the client does not speak TLS
};

/// Why the client cannot talk to the server; nullopt: no reason was found.
std::optional<Failure> probe_tls(const TlsProbeTarget& target);

}  // namespace osproxy::etcd
