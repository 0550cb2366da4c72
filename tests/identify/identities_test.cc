#include "osproxy/identify/identities.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

// SHA-256 of "s3cret-token", by sha256sum.
constexpr std::string_view kHex =
    "a81e611a041b13f078bf8ebe5dab4d4fd63fcc5594661c918bec093a2f416a7e";

std::string error_of(const Identities::Texts& texts) {
  const auto known = Identities::parse(texts);
  return known ? "accepted" : known.error();
}

std::string token_line(std::string_view principal, std::string_view hex = kHex) {
  return std::string(principal).append("\t").append(hex).append("\n");
}

std::string hex_of(TokenHasher& hasher, std::string_view token) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  const TokenDigest digest = hasher.digest(token).value();
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 0xf];
  }
  return hex;
}

TEST(Identities, HashTokensLikeSha256sum) {
  TokenHasher hasher;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(hex_of(hasher, "s3cret-token"), kHex);
    EXPECT_EQ(hex_of(hasher, ""),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  }
}

TEST(Identities, FindEachOfManyTokensAndNoOther) {
  TokenHasher hasher;
  std::string text = "# made by the test\n\n";
  for (int i = 0; i < 1000; ++i) {
    text += token_line("user " + std::to_string(i), hex_of(hasher, "token" + std::to_string(i)));
  }
  const auto known = Identities::parse({.tokens = text});
  ASSERT_TRUE(known) << known.error();
  EXPECT_EQ(known->token_count(), 1000U);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(known->principal_of(hasher.digest("token" + std::to_string(i)).value()),
              "user " + std::to_string(i));
  }
  EXPECT_EQ(known->principal_of(hasher.digest("token1000").value()), "");
  EXPECT_EQ(known->principal_of(TokenDigest{}), "");
}

TEST(Identities, FindTheTenantOfAPrincipal) {
  const auto known =
      Identities::parse({.tenants = "bob  other\r\n  CN=ana, O=Acme Inc   acme \nana acme"});
  ASSERT_TRUE(known) << known.error();
  EXPECT_EQ(known->tenant_of("ana"), "acme");
  EXPECT_EQ(known->tenant_of("CN=ana, O=Acme Inc"), "acme");
  EXPECT_EQ(known->tenant_of("bob"), "other");
  EXPECT_EQ(known->tenant_of("an"), "");
  EXPECT_EQ(known->tenant_of(""), "");
}

TEST(Identities, NameTheWrongLineAndRepeatNothingOfIt) {
  EXPECT_EQ(error_of({.tokens = token_line("ana") + "\nbob hunter2\n"}),
            "line 3 of the token file does not end in a SHA-256 of 64 hex digits");
  EXPECT_EQ(error_of({.tokens = token_line("ana", std::string(63, 'a') + "g")}),
            "line 1 of the token file does not end in a SHA-256 of 64 hex digits");
  EXPECT_EQ(error_of({.tokens = std::string(kHex)}),
            "line 1 of the token file has one word instead of two");
  EXPECT_EQ(error_of({.tokens = token_line("a\x01na")}),
            "line 1 of the token file has a principal that is too long or has control characters");
  EXPECT_EQ(error_of({.tokens = token_line("ana") + token_line("bob")}),
            "two lines of the token file have the same token");
  EXPECT_EQ(error_of({.tenants = "ana acme\nana other\n"}),
            "two lines of the tenant file have the same principal");
  EXPECT_EQ(error_of({.tenants = "ana " + std::string(2000, 't')}),
            "line 1 of the tenant file has a tenant that is too long or has control characters");
}

TEST(Identities, MayGiveOnePrincipalSeveralTokens) {
  TokenHasher hasher;
  const std::string text = token_line("ana") + token_line("ana", hex_of(hasher, "next"));
  const auto known = Identities::parse({.tokens = text});
  ASSERT_TRUE(known) << known.error();
  EXPECT_EQ(known->principal_of(hasher.digest("next").value()), "ana");
}

}  // namespace
}  // namespace osproxy
