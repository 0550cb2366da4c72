// Where the acks of a fleet are: beside the document, one key an instance.
//
//   fleet_prefix("osproxy/directives")               // "osproxy/fleet/"
//   fleet_key("osproxy/directives", "proxy 1")       // "osproxy/fleet/proxy%201"
//   instance_of("proxy%201")                         // "proxy 1"
//
// Two documents below one prefix share a fleet; give each a prefix of its own.
// Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace osproxy::etcd {

/// The longest name of an instance, in bytes: above any host name (RFC 1035: 253 with its dots, of
/// which one label has 63) that is used as one, and so that its key stays far below etcd's limits.
inline constexpr std::size_t kMaxInstanceBytes = 128;

/// The document's key up to and with its last `/`, and `fleet/`.
std::string fleet_prefix(std::string_view document_key);

/// The key of one instance. Letters, digits and `-._~` stand for themselves; every other byte, so
/// also `/`, is percent-encoded, so that no name reaches out of the prefix and none is another's.
std::string fleet_key(std::string_view document_key, std::string_view instance);

/// The instance of what follows the prefix in a key; the text itself if it is not so encoded.
std::string instance_of(std::string_view segment);

}  // namespace osproxy::etcd
