// Checks the address, the key and the credentials of etcd before a connection is opened.
//
// Pure functions, but for check_target(), which reads the credentials' files.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/etcd/etcd_options.h"

namespace osproxy::etcd {

/// The longest key that is accepted, in bytes. etcd has no limit; no sensible key is near this one.
inline constexpr std::size_t kMaxKeyBytes = 1024;

/// The endpoints in the form that all other code expects: `host:port` without TLS,
/// `https://host:port` with it. The error is a clause that names the invalid endpoint.
std::expected<std::vector<std::string>, std::string> parse_endpoints(
    std::span<const std::string> texts);

/// True for an endpoint of parse_endpoints() with TLS.
bool is_tls(std::string_view endpoint) noexcept;

/// `host:port` of an endpoint of parse_endpoints().
std::string_view address_of(std::string_view endpoint) noexcept;

/// parse_endpoints() of a target, after a check of its key and credentials: the files exist and
/// hold what they should. The error names the part that cannot be used.
std::expected<std::vector<std::string>, EtcdError> check_target(const EtcdTarget& target);

}  // namespace osproxy::etcd
