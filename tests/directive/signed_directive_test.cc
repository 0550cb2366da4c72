#include "osproxy/directive/signed_directive.h"

#include <gtest/gtest.h>

#include "osproxy/core/encoding.h"
#include "osproxy/core/hmac.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

const std::string kOld(32, 'o');
const std::string kNew = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
constexpr WallTime kNow{std::chrono::seconds{2'000'000'000}};

DebugKeys keys() { return *DebugKeys::parse("# rotated\n" + kNew + "\r\n\n  " + kOld); }

std::string signed_json(std::string_view json, std::string_view key = kNew) {
  return to_hex(json) + "." + to_hex(*hmac_sha256(key, json));
}

std::expected<SignedDirective, SignedFault> read(std::string_view header) {
  return read_signed(header, keys(), kNow, 1h);
}

/// Of what is signed well and says something wrong.
std::string fault_of(std::string_view json) {
  const auto directive = read(signed_json(json));
  return directive ? "none" : std::string(to_string(directive.error()));
}

TEST(SignedDirective, IsReadBackWithEachKey) {
  const SignedDirective directive{.level = Level::ShapeRewriteDiff,
                                  .expires = std::chrono::floor<std::chrono::seconds>(kNow) + 300s,
                                  .id = "\"ana\"\xc3\xa9",
                                  .ring_buffer = true};
  EXPECT_EQ(read(*sign(directive, kNew)), directive);
  EXPECT_EQ(read(*sign(directive, kOld)), directive);
  const SignedDirective least{.level = Level::Shape, .expires = directive.expires};
  EXPECT_EQ(read(*sign(least, kNew)), least);
  EXPECT_EQ(encode_signed(least), R"({"level":"Shape","exp":2000000300})");
}

TEST(SignedDirective, TheLongestThatCanBeSignedIsShortEnough) {
  const SignedDirective longest{.level = Level::ShapeRewriteDiff,
                                .expires = std::chrono::floor<std::chrono::seconds>(kNow) + 300s,
                                .id = std::string(128, '"'),
                                .ring_buffer = true};
  const auto header = sign(longest, kNew);
  EXPECT_LT(header->size(), kMaxSignedBytes);
  EXPECT_EQ(read(*header), longest);
}

TEST(SignedDirective, IsOfNobodyWithoutAKeyOfOurs) {
  const std::string json = R"({"level":"Shape","exp":2000000300})";
  EXPECT_EQ(read(signed_json(json, std::string(32, 'x'))).error(), SignedFault::BadSignature);
  EXPECT_EQ(read_signed(signed_json(json), {}, kNow, 1h).error(), SignedFault::NoKey);
  std::string tampered = signed_json(json);
  tampered.back() = tampered.back() == '0' ? '1' : '0';
  EXPECT_EQ(read(tampered).error(), SignedFault::BadSignature);
  const std::string other = R"({"level":"Shape","exp":2000000301})";
  EXPECT_EQ(read(to_hex(other) + signed_json(json).substr(2 * json.size())).error(),
            SignedFault::BadSignature);
  EXPECT_EQ(read(to_hex(json) + ".").error(), SignedFault::BadSignature);
  EXPECT_EQ(read(signed_json(json).substr(0, 2 * json.size() + 1 + 62)).error(),
            SignedFault::BadSignature);
}

TEST(SignedDirective, IsMalformedUnlessItIsTwoRunsOfHexDigits) {
  for (const char* header : {"", "ab", "a.bb", "aa.b", "zz.aa", "aa.zz", "aa.bb.cc", "aa .bb"}) {
    EXPECT_EQ(read(header).error(), SignedFault::Malformed) << header;
  }
  EXPECT_EQ(read(".").error(), SignedFault::BadSignature);
}

TEST(SignedDirective, IsNotLookedIntoIfItIsTooLong) {
  EXPECT_EQ(read(std::string(kMaxSignedBytes, '0')).error(), SignedFault::Malformed);
  EXPECT_EQ(read(std::string(kMaxSignedBytes + 1, '0')).error(), SignedFault::TooLong);
}

TEST(SignedDirective, EndsOnTimeAndLivesNoLongerThanADirectiveMay) {
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001})"), "none");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000000})"), "expired");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":0})"), "expired");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000003600})"), "none");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000003601})"), "too_far_ahead");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":8589934592})"), "too_far_ahead");
}

TEST(SignedDirective, IsDecodedAsStrictlyAsADocument) {
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001,"id":"a","ring_buffer":false})"), "none");
  EXPECT_EQ(fault_of(""), "bad_json");
  EXPECT_EQ(fault_of("[]"), "bad_json");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001} x)"), "bad_json");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001,"tenant":"acme"})"), "bad_json");
  EXPECT_EQ(fault_of(R"({"level":"Shape","level":"Shape","exp":2000000001})"), "bad_json");
  EXPECT_EQ(fault_of(R"({"exp":2000000001})"), "bad_level");
  EXPECT_EQ(fault_of(R"({"level":"shape","exp":2000000001})"), "bad_level");
  EXPECT_EQ(fault_of(R"({"level":null,"exp":2000000001})"), "bad_level");
  EXPECT_EQ(fault_of(R"({"level":"Shape"})"), "bad_exp");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":"2000000001"})"), "bad_exp");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001.5})"), "bad_exp");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":-1})"), "bad_exp");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":18446744073709551615})"), "bad_exp");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001,"id":""})"), "bad_field");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001,"id":"a\u0001"})"), "bad_field");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001,"id":)"
                     "\"" +
                     std::string(129, 'i') + "\"}"),
            "bad_field");
  EXPECT_EQ(fault_of(R"({"level":"Shape","exp":2000000001,"ring_buffer":1})"), "bad_field");
}

TEST(DebugKeys, SayWhichLineIsNoKeyAndNothingOfIt) {
  const auto fault = [](const std::string& text) {
    const auto parsed = DebugKeys::parse(text);
    return parsed ? "none" : parsed.error();
  };
  EXPECT_EQ(keys().size(), 2);
  EXPECT_EQ(keys().newest(), kNew);
  EXPECT_TRUE(DebugKeys::parse("\n# none\n")->empty());
  EXPECT_EQ(fault(kNew + "\nshort secret"),
            "line 2 has 12 bytes; a key has 32 to 1024, as `openssl rand -hex 32` makes it");
  EXPECT_NE(fault(std::string(1025, 'x')), "none");
  std::string many;
  for (int i = 0; i < 9; ++i) many += kNew + "\n";
  EXPECT_EQ(fault(many), "line 9 is one key too many; 8 are enough to rotate");
}

TEST(SignedFault, HasANameForEach) {
  for (std::size_t i = 0; i < kSignedFaultCount; ++i) {
    EXPECT_FALSE(to_string(static_cast<SignedFault>(i)).empty());
  }
}

}  // namespace
}  // namespace osproxy
