#include "osproxy/identify/identities.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "osproxy/core/attribute_text.h"

namespace osproxy {
namespace {

constexpr std::string_view kBlank = " \t\r";

struct Line {
  std::size_t number;  // from 1
  std::string_view principal;
  std::string_view word;
};

std::string_view trim(std::string_view text) noexcept {
  const std::size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

std::unexpected<std::string> fault(std::size_t line, std::string_view file, std::string_view what) {
  return std::unexpected(fmt::format("line {} of the {} {}", line, file, what));
}

/// Splits a line before its last word, because the principal of a certificate may have spaces.
std::expected<std::vector<Line>, std::string> parse_lines(std::string_view text,
                                                          std::string_view file) {
  std::vector<Line> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t blank = line.find_last_of(kBlank);
    if (blank == std::string_view::npos) return fault(number, file, "has one word instead of two");
    const std::string_view principal = trim(line.substr(0, blank));
    if (!is_clean_attribute(principal)) {
      return fault(number, file, "has a principal that is too long or has control characters");
    }
    lines.push_back({number, principal, line.substr(blank + 1)});
  }
  return lines;
}

bool parse_digest(std::string_view hex, TokenDigest& digest) noexcept {
  if (hex.size() != 2 * digest.size()) return false;
  for (std::size_t i = 0; i < digest.size(); ++i) {
    const char* const end = hex.data() + 2 * i + 2;
    const auto [stopped, error] = std::from_chars(end - 2, end, digest[i], 16);
    if (error != std::errc() || stopped != end) return false;
  }
  return true;
}

std::string_view bytes_of(const TokenDigest& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

}  // namespace

TokenHasher::TokenHasher()
    : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {}

TokenHasher::~TokenHasher() = default;

void TokenHasher::Free::operator()(evp_md_ctx_st* context) const noexcept {
  EVP_MD_CTX_free(context);
}

void TokenHasher::Free::operator()(evp_md_st* algorithm) const noexcept { EVP_MD_free(algorithm); }

std::optional<TokenDigest> TokenHasher::digest(std::string_view token) noexcept {
  TokenDigest digest{};
  // The context keeps its memory, because the algorithm is the same each time.
  const bool done = algorithm_ && context_ &&
                    EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) == 1 &&
                    EVP_DigestUpdate(context_.get(), token.data(), token.size()) == 1 &&
                    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1;
  return done ? std::optional(digest) : std::nullopt;
}

std::expected<Identities, std::string> Identities::parse(const Texts& texts) {
  Identities known;
  if (auto added = known.add_tokens(texts.tokens); !added) {
    return std::unexpected(std::move(added).error());
  }
  if (auto added = known.add_tenants(texts.tenants); !added) {
    return std::unexpected(std::move(added).error());
  }
  auto keys = DebugKeys::parse(texts.debug_keys);
  if (!keys) return std::unexpected("of the debug key file, " + keys.error());
  known.debug_keys_ = *std::move(keys);
  return known;
}

std::expected<void, std::string> Identities::add_tokens(std::string_view text) {
  constexpr std::string_view kFile = "token file";
  const auto lines = parse_lines(text, kFile);
  if (!lines) return std::unexpected(lines.error());
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&key_), sizeof key_) != 1) {
    return std::unexpected("there is no randomness for the token table");
  }
  for (const Line& line : *lines) {
    Token token{.place = 0, .digest = {}, .principal = std::string(line.principal)};
    if (!parse_digest(line.word, token.digest)) {
      return fault(line.number, kFile, "does not end in a SHA-256 of 64 hex digits");
    }
    token.place = sip_hash(bytes_of(token.digest), key_);
    tokens_.push_back(std::move(token));
  }
  std::ranges::sort(tokens_, {}, [](const Token& t) { return std::pair(t.place, t.digest); });
  if (std::ranges::adjacent_find(tokens_, {}, &Token::digest) == tokens_.end()) return {};
  return std::unexpected("two lines of the token file have the same token");
}

std::expected<void, std::string> Identities::add_tenants(std::string_view text) {
  constexpr std::string_view kFile = "tenant file";
  const auto lines = parse_lines(text, kFile);
  if (!lines) return std::unexpected(lines.error());
  for (const Line& line : *lines) {
    if (!is_clean_attribute(line.word)) {
      return fault(line.number, kFile, "has a tenant that is too long or has control characters");
    }
    tenants_.push_back({std::string(line.principal), std::string(line.word)});
  }
  std::ranges::sort(tenants_, {}, &Membership::principal);
  if (std::ranges::adjacent_find(tenants_, {}, &Membership::principal) == tenants_.end()) return {};
  return std::unexpected("two lines of the tenant file have the same principal");
}

std::string_view Identities::principal_of(const TokenDigest& digest) const noexcept {
  const std::uint64_t place = sip_hash(bytes_of(digest), key_);
  auto token = std::ranges::lower_bound(tokens_, place, {}, &Token::place);
  for (; token != tokens_.end() && token->place == place; ++token) {
    if (CRYPTO_memcmp(token->digest.data(), digest.data(), digest.size()) == 0) {
      return token->principal;
    }
  }
  return {};
}

std::string_view Identities::tenant_of(std::string_view principal) const noexcept {
  const auto found = std::ranges::lower_bound(tenants_, principal, {}, &Membership::principal);
  if (found == tenants_.end() || found->principal != principal) return {};
  return found->tenant;
}

}  // namespace osproxy
