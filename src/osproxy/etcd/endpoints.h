// Checking where etcd is said to be, before anything is tried.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "osproxy/etcd/etcd_options.h"

namespace osproxy::etcd {

/// The longest key we accept, in bytes. etcd has no limit of its own; this is far above any sense.
inline constexpr std::size_t kMaxKeyBytes = 1024;

/// The endpoints as `host:port`, if they and the key can be used; the error names what cannot.
std::expected<std::vector<std::string>, EtcdError> check_target(const EtcdTarget& target);

}  // namespace osproxy::etcd
