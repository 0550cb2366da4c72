// Who is known: the principals that tokens stand for, the tenants that principals belong to, and
// the keys that sign single-request directives, as three files say.
//
//   auto known = Identities::parse({.tokens = "ana  2c26b46b…\n", .tenants = "ana  acme\n"});
//   if (!known) fail(known.error());                       // "line 3 of the token file: …"
//   TokenHasher hasher;                                    // one a thread
//   known->principal_of(*hasher.digest("foo"));             // "ana"
//   known->tenant_of("ana");                               // "acme"
//
// In the first two a line is a principal and, behind white space, one word: the SHA-256 of its
// token in hex, or its tenant. Empty lines and such that begin with `#` are skipped. A token itself
// is in no file and is never stored.
//
// How long a look-up of a token takes says nothing about the tokens that are known: the table is
// ordered by a keyed hash of the digests, and digests are compared in constant time.
//
// Immutable; const members may be called from any thread and allocate nothing. Views are good for
// as long as the object.
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

/// SHA-256 without an allocation a token. Belongs to one thread.
class TokenHasher {
 public:
  TokenHasher();
  ~TokenHasher();
  TokenHasher(TokenHasher&&) noexcept = default;

  /// nullopt if OpenSSL has no SHA-256 to offer: then no token is known.
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
  /// Longer than a file of either kind needs to be: some ten thousand lines.
  static constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;

  /// What stands in the files; empty: there is none.
  struct Texts {
    std::string_view tokens{};
    std::string_view tenants{};
    std::string_view debug_keys{};
  };

  /// Nobody is known.
  Identities() = default;

  /// The error names the file and mostly the line, and repeats nothing of it.
  static std::expected<Identities, std::string> parse(const Texts& texts);

  bool knows_tokens() const noexcept { return !tokens_.empty(); }

  /// Empty if no such token is known.
  std::string_view principal_of(const TokenDigest& digest) const noexcept;

  /// Empty if the principal belongs to no tenant.
  std::string_view tenant_of(std::string_view principal) const noexcept;

  const DebugKeys& debug_keys() const noexcept { return debug_keys_; }

  std::size_t token_count() const noexcept { return tokens_.size(); }
  std::size_t tenant_count() const noexcept { return tenants_.size(); }

 private:
  struct Token {
    std::uint64_t place;  // the digest's keyed hash, by which they are ordered
    TokenDigest digest;
    std::string principal;
  };
  struct Membership {
    std::string principal;  // by which they are ordered
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
