// A look at a server that no connection came about with, to say why.
//
//   auto why = probe_tls({.address = "10.0.0.1:2379", .name = "etcd-1", .tls = &pem});
//
// gRPC 1.51 says "certificate verify failed" of an expired certificate and of an unknown CA,
// "Socket closed" where one side speaks TLS and the other does not, and "Endpoint read failed"
// where the server refuses our certificate. One TLS handshake of our own, with the same files and
// the same checks, tells them apart. Nothing but the handshake is sent; what it finds is used for
// words only, never to trust a server.
//
// Thread safety: a free function. Blocks for at most kTlsProbeTimeout. Nothing found is no error:
// the server may have changed its mind in between.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "osproxy/etcd/credential_files.h"
#include "osproxy/etcd/failure.h"

namespace osproxy::etcd {

/// For all of a look. Far above a handshake on any network that is any use to etcd, and short
/// enough for the thread that is waited for when a store is destroyed.
inline constexpr std::chrono::milliseconds kTlsProbeTimeout{1'000};

struct TlsProbeTarget {
  std::string address;  ///< a numeric `host:port`: names are not resolved, that could block
  std::string name;     ///< the host that the certificate must be for, a name or an address
  const TlsPem* tls;    ///< null: we do not speak TLS
};

/// Why the server there and we do not understand each other; nullopt: no reason was found.
std::optional<Failure> probe_tls(const TlsProbeTarget& target);

}  // namespace osproxy::etcd
