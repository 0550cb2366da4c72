// A client of the admin listener: one request and one response over one connection.
//
//   const AdminClient client(instance, token, 5s);
//   const auto response = client.get("/admin/status");
//   if (!response) print(response.error());  // "http://127.0.0.1:9901: connection refused; …"
//
// A call ends within the timeout (name
// resolution may take longer) and takes at most kMaxResponseBytes.
//
// Thread safety: any thread may call const members; each call blocks its own thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "osproxy/client/tls_credentials.h"
#include "osproxy/core/address.h"

namespace osproxy::cli {

/// A document has at most 1 MiB, a status with 10,000 directives a few.
inline constexpr std::size_t kMaxResponseBytes = std::size_t{16} << 20;

/// An instance that a command talks to: given by its address, or found in the fleet by its ack.
struct AdminInstance {
  Origin origin{};
  std::string name{};   ///< by its ack; empty: not known
  std::string fault{};  ///< why it cannot be asked: for a person, printable; empty: it can
  /// For https; null: the system's CAs, and no client certificate.
  std::shared_ptr<const client::TlsCredentials> tls{};

  /// The address, after the name if that is known: `proxy-1 at http://10.0.0.7:9901`; printable.
  std::string to_string() const;

  /// The address; empty if there is none.
  std::string url() const { return fault.empty() ? origin.to_string() : std::string(); }
};

/// The instances that a command talks to, and how.
struct AdminAccess {
  std::vector<AdminInstance> instances;  ///< at least one
  std::string token;                     ///< empty: none is sent
  std::chrono::milliseconds timeout{0};  ///< of one request
  /// After so long, get_from_all() and post_to_all() begin no request; none: they ask all.
  std::optional<std::chrono::milliseconds> in_all{};
};

struct AdminResponse {
  int status = 0;
  std::string etag;  ///< as received, with its quotes; empty: none
  std::string body;

  friend bool operator==(const AdminResponse&, const AdminResponse&) = default;
};

/// A response of any status, or why there is none: for a person, with the instance.
using AdminResult = std::expected<AdminResponse, std::string>;

class AdminClient {
 public:
  AdminClient(AdminInstance instance, std::string token, std::chrono::milliseconds timeout);

  AdminResult get(const std::string& target) const;

  /// POSTs JSON, with `If-Match: "<if_match>"` if that is given.
  AdminResult post(const std::string& target, std::string body,
                   std::optional<std::int64_t> if_match) const;

  const AdminInstance& instance() const noexcept { return instance_; }

 private:
  const AdminInstance instance_;
  const std::string token_;
  const std::chrono::milliseconds timeout_;
};

/// GETs `target` from every instance, several at a time. The results are in the order of
/// `instances`.
std::vector<AdminResult> get_from_all(const AdminAccess& access, const std::string& target);

/// The same by POST of JSON.
std::vector<AdminResult> post_to_all(const AdminAccess& access, const std::string& target,
                                     const std::string& body);

/// The name of the header that says which instance is meant, if its name is known. Another instance
/// at that address refuses the request.
inline constexpr char kInstanceHeader[] = "Osproxy-Instance";

}  // namespace osproxy::cli
