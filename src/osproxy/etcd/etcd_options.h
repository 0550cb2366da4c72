// Options that the etcd store, publisher, ack writer and fleet reader share: where etcd is, and the
// credentials. And the error that their factories return.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace osproxy {

/// The default key of the document.
inline constexpr char kDefaultEtcdKey[] = "osproxy/directives";

/// Of a call that a person waits for, such as a publish, over all endpoints. Shorter than the 5 s
/// that osproxyctl waits for an instance by default, so that the instance's reason arrives.
inline constexpr std::chrono::milliseconds kEtcdCallDeadline{4'000};

/// How osproxy and etcd authenticate each other. All files are read again for each connection, so
/// that a renewed file is used without a restart. Empty: not used.
struct EtcdCredentials {
  std::string ca_file{};    ///< PEM, one or more CAs; empty: the CAs that the system trusts
  std::string cert_file{};  ///< PEM, the client's certificate, then its issuers; needs `key_file`
  std::string key_file{};   ///< PEM, without a passphrase
  std::string user{};       ///< needs `password_file`
  std::string password_file{};

  friend bool operator==(const EtcdCredentials&, const EtcdCredentials&) = default;
};

/// Where the document is: a cluster and a key.
struct EtcdTarget {
  /// `host:port`, `http://host:port` or `https://host:port`, one for each member to use; all with
  /// TLS or all without; IPv6 addresses in brackets.
  std::vector<std::string> endpoints;
  std::string key = kDefaultEtcdKey;
  EtcdCredentials credentials{};
};

struct EtcdError {
  enum class Kind : std::uint8_t {
    BadOptions,   ///< an endpoint, the key or a file is invalid; no connection was opened
    Unreachable,  ///< no endpoint gave a usable response
    Cancelled,    ///< the caller ended the wait for a response
  };

  Kind kind;
  std::string message;  ///< for a person: each endpoint, why it failed, what to check
};

}  // namespace osproxy
