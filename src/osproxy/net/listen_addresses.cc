#include "osproxy/net/listen_addresses.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>
#include <netdb.h>

#include "osproxy/net/asio_types.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;
using Endpoints = std::vector<tcp::endpoint>;

/// A resolver gives up after some seconds per name server, or never if its module hangs.
constexpr auto kLookupTimeout = 10s;

/// How often another port is tried for port 0: the one that is free on the first address may be
/// taken on the second.
constexpr int kPortTries = 16;

struct FreeInfo {
  void operator()(addrinfo* info) const noexcept { ::freeaddrinfo(info); }
};

std::expected<Endpoints, std::string> look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, FreeInfo> owner(found);
  Endpoints endpoints;
  for (const addrinfo* info = error == 0 ? found : nullptr; info != nullptr; info = info->ai_next) {
    tcp::endpoint endpoint;
    if (info->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), info->ai_addr, info->ai_addrlen);
    endpoint.resize(info->ai_addrlen);
    endpoint.port(port);
    if (std::ranges::find(endpoints, endpoint) == endpoints.end()) endpoints.push_back(endpoint);
  }
  if (endpoints.empty()) return std::unexpected("the name is not found");
  return endpoints;
}

/// The lookup cannot be cancelled: a thread that hangs in it is left behind.
std::expected<Endpoints, std::string> resolve(const HostPort& where) {
  error_code error;
  const auto literal = asio::ip::make_address(where.host, error);
  if (!error) return Endpoints{{literal, where.port}};
  std::promise<std::expected<Endpoints, std::string>> promise;
  auto found = promise.get_future();
  std::thread([promise = std::move(promise), where]() mutable {
    promise.set_value(look_up(where.host, where.port));
  }).detach();
  if (found.wait_for(kLookupTimeout) != std::future_status::ready) {
    return std::unexpected("the name is not found in time");
  }
  return found.get();
}

bool is_missing_here(const error_code& error) noexcept {
  return error == asio::error::address_family_not_supported ||
         error == error_code(EADDRNOTAVAIL, asio::error::get_system_category());
}

/// Binds each address without SO_REUSEPORT, which the workers need: it would let us share another
/// server's port unnoticed.
error_code try_all(const Endpoints& candidates, std::uint16_t port, ListenAddresses& found) {
  asio::io_context io;
  std::vector<tcp::acceptor> alone;
  error_code missing;
  found = {};
  found.v6_only = candidates.size() > 1;
  for (tcp::endpoint where : candidates) {
    if (port != 0) where.port(port);
    tcp::acceptor& acceptor = alone.emplace_back(io);
    error_code error;
    acceptor.open(where.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error && found.v6_only && where.address().is_v6()) {
      acceptor.set_option(asio::ip::v6_only(true), error);
    }
    if (!error) acceptor.bind(where, error);
    if (is_missing_here(error)) {
      missing = error;
      found.skipped.push_back(
          fmt::format("{}: {}", HostPort{where.address().to_string(), where.port()}.to_string(),
                      error.message()));
      continue;
    }
    if (error) return error;
    where = acceptor.local_endpoint(error);
    port = where.port();
    found.endpoints.push_back(where);
  }
  return found.endpoints.empty() ? missing : error_code();
}

}  // namespace

std::string cannot_listen(const HostPort& where, std::string_view why) {
  return fmt::format("cannot listen on {}: {}", where.to_string(), why);
}

std::expected<ListenAddresses, std::string> find_listen_addresses(const HostPort& where) {
  const auto candidates = resolve(where);
  if (!candidates) return std::unexpected(cannot_listen(where, candidates.error()));
  ListenAddresses found;
  error_code error;
  for (int i = 0; i < (where.port == 0 ? kPortTries : 1); ++i) {
    error = try_all(*candidates, where.port, found);
    if (error != asio::error::address_in_use) break;
  }
  if (error) return std::unexpected(cannot_listen(where, error.message()));
  return found;
}

}  // namespace osproxy
