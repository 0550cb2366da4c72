// What the etcd store and the etcd publisher have in common: where etcd is, and what goes wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace osproxy {

/// The default key of the document.
inline constexpr char kDefaultEtcdKey[] = "osproxy/directives";

/// Who we are to etcd, and how we know that it is etcd; all of it by files, which are read anew for
/// each connection, so that what is renewed on disk is used without a restart. Empty: not used.
struct EtcdCredentials {
  std::string ca_file{};    ///< PEM, one or more CAs; none: those that the system trusts
  std::string cert_file{};  ///< PEM, our certificate, its issuers behind it; needs `key_file`
  std::string key_file{};   ///< PEM, without a passphrase
  std::string user{};       ///< needs `password_file`
  std::string password_file{};

  friend bool operator==(const EtcdCredentials&, const EtcdCredentials&) = default;
};

/// Where the document is: one cluster, one key.
struct EtcdTarget {
  /// `host:port`, `http://host:port` or `https://host:port`, one for each member that may be asked;
  /// all with TLS or all without; IPv6 in brackets.
  std::vector<std::string> endpoints;
  std::string key = kDefaultEtcdKey;
  EtcdCredentials credentials{};
};

struct EtcdError {
  enum class Kind : std::uint8_t {
    BadOptions,   ///< an endpoint, the key or a file cannot be used as it is; nothing was tried
    Unreachable,  ///< no endpoint gave a response that can be used
  };

  Kind kind;
  std::string message;  ///< for a person: the endpoints, what happened at each, what to check
};

}  // namespace osproxy
