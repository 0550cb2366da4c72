// The keys of a fleet's acks: next to the document, one for each instance.
//
//   fleet_prefix("osproxy/directives");            // "osproxy/fleet/"
//   fleet_key("osproxy/directives", "proxy 1");    // "osproxy/fleet/proxy%201"
//   instance_of("proxy%201");                      // "proxy 1"
//
// Two documents below one prefix share a fleet: give each of them another prefix.
// Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace osproxy::etcd {

/// The longest name of an instance, in bytes. Longer than the host names that serve as names (a
/// label has at most 63, RFC 1035), and short enough to keep the key far below etcd's limits.
inline constexpr std::size_t kMaxInstanceBytes = 128;

/// The document's key up to and including its last `/`, then `fleet/`.
std::string fleet_prefix(std::string_view document_key);

/// The key of one instance. Letters, digits and `-._~` stand for themselves. Every other byte is
/// percent-encoded, also `/`: no name leaves the prefix, and no two names have one key.
std::string fleet_key(std::string_view document_key, std::string_view instance);

/// The name of the instance whose key is the prefix and this segment. The segment itself if it is
/// not encoded in this way.
std::string instance_of(std::string_view segment);

}  // namespace osproxy::etcd
