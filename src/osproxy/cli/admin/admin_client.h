// HTTP to an instance's admin listener: one request, one response, one connection, within a
// deadline.
//
//   AdminClient client(instance, token, 5s);
//   auto response = client.get("/admin/status");
//   if (!response) print(response.error());          // "http://127.0.0.1:9901: connection refused;
//   …"
//
// Plain HTTP only: admin listeners speak nothing else. Bounded: a deadline for the whole exchange
// (a name server that hangs may add its own) and kMaxResponseBytes.
//
// Thread safety: const members may be called from any thread; each call blocks its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/core/address.h"

namespace osproxy::cli {

/// A document is 1 MiB at most; a status with 10,000 directives is a few. Far above both.
inline constexpr std::size_t kMaxResponseBytes = std::size_t{16} << 20;

/// The instances a command talks to, and how.
struct AdminAccess {
  std::vector<Origin> instances;  ///< at least one
  std::string token;              ///< empty: none is sent
  std::chrono::milliseconds timeout{0};
};

struct AdminResponse {
  int status = 0;
  std::string etag;  ///< as received, quotes included; empty if there is none
  std::string body;

  friend bool operator==(const AdminResponse&, const AdminResponse&) = default;
};

/// A response of any status, or why there is none: for a person, the instance named.
using AdminResult = std::expected<AdminResponse, std::string>;

class AdminClient {
 public:
  AdminClient(Origin instance, std::string token, std::chrono::milliseconds timeout);

  AdminResult get(const std::string& target) const;

  /// POSTs JSON, with `If-Match: "<if_match>"` if it is given.
  AdminResult post(const std::string& target, std::string body,
                   std::optional<std::int64_t> if_match) const;

  const Origin& instance() const noexcept { return instance_; }

 private:
  const Origin instance_;
  const std::string token_;
  const std::chrono::milliseconds timeout_;
};

/// GETs `target` from every instance, several at a time; the results in the order of `instances`.
std::vector<AdminResult> get_from_all(const AdminAccess& access, const std::string& target);

}  // namespace osproxy::cli
