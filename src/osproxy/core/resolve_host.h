// Resolves a host name on a detached thread, so that a silent name server delays nobody.
//
//   resolve_host("search-1", [](const ResolvedHost& found) { use(found.addresses); });
//
// The system's resolver cannot be interrupted, and may take half a minute for one name. So nobody
// waits for its thread: not a caller that has given up, and not the end of the process. A second
// question for a name that is being resolved shares the first one's result, and the number of
// threads is bounded.
//
// Some name servers respond for IPv4 and drop questions for IPv6, or the reverse. So if both
// together take longer than kResolutionDelay, each family is asked for alone too, and the first one
// with addresses is the result. Those that come later are part of the name's next result.
//
// Thread safety: any thread may call it. The callback runs on another thread, or on the caller's
// own if no thread can be started, and must not block. It may run long after its caller has given
// up, so it must own what it refers to.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace osproxy {

/// Three for each of 32 names, more than any sensible number. Each further name waits for a thread.
inline constexpr std::size_t kMaxResolverThreads = 96;

/// RFC 8305, section 3, recommends this "Resolution Delay".
inline constexpr std::chrono::milliseconds kResolutionDelay{50};

/// More addresses than the name of any cluster has; what else there is is not used.
inline constexpr std::size_t kMaxResolvedAddresses = 64;

/// An address without a port; a regular value.
struct ResolvedAddress {
  bool is_v6 = false;
  std::array<unsigned char, 16> bytes{};  ///< in the order of the network; with IPv4 the first four
  std::uint32_t scope = 0;                ///< of a link-local address of IPv6

  friend bool operator==(const ResolvedAddress&, const ResolvedAddress&) = default;
};

struct ResolvedHost {
  int error = 0;                             ///< of getaddrinfo(); 0: there are addresses
  std::vector<ResolvedAddress> addresses{};  ///< in the order in which to try them
};

/// The addresses of IPv6 and of IPv4 in turn, each in its order, the family of the first one first
/// (RFC 8305, section 4): a host without a working IPv6 tries few addresses in vain.
std::vector<ResolvedAddress> interleave_families(const std::vector<ResolvedAddress>& addresses);

void resolve_host(const std::string& host, std::function<void(const ResolvedHost&)> done);

}  // namespace osproxy
