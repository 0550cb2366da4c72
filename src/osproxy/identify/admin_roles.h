// The clients of the admin listener: their roles, their tenants, and how they prove who they are.
//
//   auto roles = AdminRoles::parse(text);          // the file of --admin-tokens-file
//   if (!roles) return fail(roles.error());        // "line 3 has an unknown role: …"
//   if (const auto caller = roles->find_token(token)) print(caller->name);
//
// A line of the file is a name, a role, a proof and any number of tenants:
// ```
// # name    role      proof             tenants
// ana       operator  sha256=9f86d0…
// acme-ops  operator  sha256=2c26b4…    tenant=acme tenant=acme-eu
// ci        admin     cn=ci-runner
// ```
// The proof is the SHA-256 of a bearer token in hex, or a name in a verified client certificate:
// `cn=`, `dns=`, `uri=` or `email=`. Values are percent-encoded where they have spaces, `#` or `%`.
// A line with tenants is bound to them: it sees and switches nothing of others. Two lines may have
// the same name, so that a token can be replaced while the old one still works.
//
// A lookup compares the digest with every line in constant time, so that its time reveals nothing
// about the known tokens.
//
// Immutable after it is built; const members may be called from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osproxy {

/// Each may do what the ones before it may.
enum class Role : std::uint8_t {
  Viewer,    ///< sees
  Operator,  ///< sees, and changes directives
  Admin,     ///< all
};

/// "viewer", "operator", "admin".
std::string_view to_string(Role role) noexcept;
std::optional<Role> parse_role(std::string_view text) noexcept;

/// A client of the admin listener whose proof has been verified. A regular value.
struct Caller {
  std::string name{};  ///< by the file; history shows it as the author
  Role role = Role::Viewer;
  std::vector<std::string> tenants{};  ///< sorted; empty: it is bound to none, and sees all
  bool is_named = false;  ///< the name is of the file: who changes something cannot choose another

  bool is_bound() const noexcept { return !tenants.empty(); }

  /// False if the caller is bound to other tenants. An empty `tenant` is none: only a caller that
  /// is not bound sees it.
  bool sees(std::string_view tenant) const noexcept;

  friend bool operator==(const Caller&, const Caller&) = default;
};

/// Shared, because a response may outlive the file's contents that it was admitted by.
using CallerPointer = std::shared_ptr<const Caller>;

/// The names in a verified client certificate. A regular value.
struct CertificateNames {
  std::string common_name{};
  std::vector<std::string> dns{};
  std::vector<std::string> uris{};
  std::vector<std::string> emails{};

  friend bool operator==(const CertificateNames&, const CertificateNames&) = default;
};

class AdminRoles {
 public:
  /// Enough for kMaxLines lines with some tenants each.
  static constexpr std::size_t kMaxFileBytes = std::size_t{256} << 10;

  /// Each request with a token is compared with all of them.
  static constexpr std::size_t kMaxLines = 1'000;

  /// Knows nobody.
  AdminRoles() = default;

  /// The error names the line, and quotes nothing of it: it may hold a token by mistake.
  static std::expected<AdminRoles, std::string> parse(std::string_view text);

  /// Knows the holder of one token, who may do all, by the name "admin".
  static AdminRoles of_token(std::string_view token);

  /// The same beside those that are known already.
  void add_admin(std::string_view token);

  bool is_empty() const noexcept { return lines_.empty(); }
  std::size_t size() const noexcept { return lines_.size(); }

  /// True if a client certificate proves somebody.
  bool knows_certificates() const noexcept;

  /// Null if the token is not known.
  CallerPointer find_token(std::string_view token) const;

  /// The caller of the first line that names the certificate; null if none does.
  CallerPointer find_certificate(const CertificateNames& names) const;

 private:
  enum class Proof : std::uint8_t { Token, CommonName, Dns, Uri, Email };
  struct Line {
    Proof proof;
    std::string value;  ///< the digest's 32 bytes, or a name
    CallerPointer caller;
  };

  static std::expected<Line, std::string> parse_line(std::string_view text);
  static bool proves(const Line& line, const CertificateNames& names);

  std::vector<Line> lines_;
};

/// The line of the file for a token, without a line end. `name` and `tenants` are valid.
std::string format_role_line(const Caller& caller, std::string_view token);

/// True for a name that a line may have: 1 to 64 visible ASCII characters without `#`, `%` and `=`.
bool is_caller_name(std::string_view name) noexcept;

}  // namespace osproxy
