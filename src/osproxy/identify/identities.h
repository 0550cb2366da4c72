// Maps tokens to principals and principals to tenants, and holds the keys for signed directives.
// Three files define them.
//
//   auto known = Identities::parse({.tokens = token_file, .tenants = "ana  acme\n"});
//   if (!known) return fail(known.error());  // "line 3 of the token file: …"
//   TokenHasher hasher;                      // one for each thread
//   if (const auto digest = hasher.digest("foo")) print(known->principal_of(*digest));  // "ana"
//   print(known->tenant_of("ana"));          // "acme"
//
// A line of the first two files is a principal, white space, and one word: the SHA-256 of its token
// in hex, or its tenant. Empty lines and lines that begin with `#` are skipped. The token file
// holds no token, and no token is ever stored.
//
// The time of a lookup reveals nothing about the known tokens: the table is sorted by a keyed hash
// of the digests, and digests are compared in constant time.
//
// Immutable; const members may be called from any thread and allocate nothing. Views are valid as
// long as the object.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/core/sip_hash.h"
#include "osproxy/directive/signed_directive.h"

struct evp_md_ctx_st;
struct evp_md_st;

namespace osproxy {

using TokenDigest = std::array<unsigned char, 32>;

/// Computes SHA-256 without an allocation for each token. Belongs to one thread.
class TokenHasher {
 public:
  TokenHasher();
  ~TokenHasher();
  TokenHasher(TokenHasher&&) noexcept = default;

  /// nullopt if OpenSSL offers no SHA-256; no token is known then.
  std::optional<TokenDigest> digest(std::string_view token) noexcept;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const noexcept;
    void operator()(evp_md_st* algorithm) const noexcept;
  };

  std::unique_ptr<evp_md_st, Free> algorithm_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

class Identities {
 public:
  /// The bound of each file, enough for some ten thousand lines.
  static constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

  /// The contents of the files; empty for a file that does not exist.
  struct Texts {
    std::string_view tokens{};
    std::string_view tenants{};
    std::string_view debug_keys{};
  };

  /// Knows no tokens and no tenants.
  Identities() = default;

  /// The error names the file and mostly the line, and quotes nothing of it.
  static std::expected<Identities, std::string> parse(const Texts& texts);

  bool knows_tokens() const noexcept { return !tokens_.empty(); }

  /// Empty if the token is not known.
  std::string_view principal_of(const TokenDigest& digest) const noexcept;

  /// Empty if the principal belongs to no tenant.
  std::string_view tenant_of(std::string_view principal) const noexcept;

  const DebugKeys& debug_keys() const noexcept { return debug_keys_; }

  std::size_t token_count() const noexcept { return tokens_.size(); }
  std::size_t tenant_count() const noexcept { return tenants_.size(); }

 private:
  struct Token {
    std::uint64_t place;  // the digest's keyed hash, by which tokens are sorted
    TokenDigest digest;
    std::string principal;
  };
  struct Membership {
    std::string principal;  // by which memberships are sorted
    std::string tenant;
  };

  std::expected<void, std::string> add_tokens(std::string_view text);
  std::expected<void, std::string> add_tenants(std::string_view text);

  SipKey key_;
  std::vector<Token> tokens_;
  std::vector<Membership> tenants_;
  DebugKeys debug_keys_;
};

}  // namespace osproxy
