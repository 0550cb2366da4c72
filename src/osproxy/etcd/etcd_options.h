// What the etcd store and the etcd publisher have in common: where etcd is, and what goes wrong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace osproxy {

/// The default key of the document.
inline constexpr char kDefaultEtcdKey[] = "osproxy/directives";

/// Where the document is: one cluster, one key.
struct EtcdTarget {
  /// `host:port` or `http://host:port`, one for each member that may be asked; IPv6 in brackets.
  std::vector<std::string> endpoints;
  std::string key = kDefaultEtcdKey;
};

struct EtcdError {
  enum class Kind : std::uint8_t {
    BadOptions,   ///< an endpoint or the key cannot be used as it is written; nothing was tried
    Unreachable,  ///< no endpoint gave an answer that can be used
  };

  Kind kind;
  std::string message;  ///< for a person: the endpoints, what happened at each, what to check
};

}  // namespace osproxy
