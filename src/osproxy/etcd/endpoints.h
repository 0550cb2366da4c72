// Checking where etcd is said to be, before anything is tried.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/etcd/etcd_options.h"

namespace osproxy::etcd {

/// The longest key we accept, in bytes. etcd has no limit of its own; this is far above any sense.
inline constexpr std::size_t kMaxKeyBytes = 1024;

/// The endpoints as they are written everywhere else: `host:port` without TLS, `https://host:port`
/// with it. The error is a clause that names the one that cannot be used.
std::expected<std::vector<std::string>, std::string> parse_endpoints(
    std::span<const std::string> texts);

/// True for an endpoint of parse_endpoints() with TLS.
bool is_tls(std::string_view endpoint) noexcept;

/// `host:port` of an endpoint of parse_endpoints().
std::string_view address_of(std::string_view endpoint) noexcept;

/// parse_endpoints() of a target whose key and credentials can be used too: the files are there and
/// hold what they should. The error names what cannot be used.
std::expected<std::vector<std::string>, EtcdError> check_target(const EtcdTarget& target);

}  // namespace osproxy::etcd
