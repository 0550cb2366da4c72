// Resolves a name for a coroutine.
//
//   auto found = co_await resolve(executor, address);
//   if (found) connect(*found);
//
// The coroutine may be destroyed meanwhile, and the io_context with it: neither waits for the name
// server (core/resolve_host.h). An IP address is its own result at once.
//
// Belongs to one worker.
#pragma once

#include <expected>
#include <vector>

#include "osproxy/core/address.h"
#include "osproxy/net/asio_types.h"

namespace osproxy {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

/// Not empty, if there is no error. `address` must outlive the task.
Task<std::expected<Endpoints, error_code>> resolve(Executor executor, const HostPort& address);

}  // namespace osproxy
