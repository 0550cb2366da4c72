#include "osproxy/core/encoding.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

std::string every_byte() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

TEST(Base64, IsAsInTheExamplesOfTheStandard) {  // RFC 4648, section 10
  const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                          {"f", "Zg=="},
                                                          {"fo", "Zm8="},
                                                          {"foo", "Zm9v"},
                                                          {"foob", "Zm9vYg=="},
                                                          {"fooba", "Zm9vYmE="},
                                                          {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : examples) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, BringsBackEveryByte) { EXPECT_EQ(from_base64(to_base64(every_byte())), every_byte()); }

TEST(Base64, TakesNothingElse) {
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm 9v", "Zm9v\n", "Zm-_",
                           "=Zm9", "Zg==Zg=="}) {
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
  }
}

TEST(Hex, IsReadBackInEitherCase) {
  EXPECT_EQ(from_hex(to_hex(every_byte())), every_byte());
  EXPECT_EQ(to_hex("\x01\xaf"), "01af");
  EXPECT_EQ(from_hex("01aF"), "\x01\xaf");
  EXPECT_EQ(from_hex(""), "");
}

TEST(Hex, IsNothingElse) {
  for (const char* text : {"0", "0g", "g0", " 0", "0x", "+1", "00 00"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
}

TEST(Hex, OfANumberHasAlways16LowerCaseDigits) {
  EXPECT_EQ(to_hex16(0), "0000000000000000");
  EXPECT_EQ(to_hex16(0x01ab'cdef'2345'6789), "01abcdef23456789");
  for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    EXPECT_EQ(from_hex16(to_hex16(number)), number);
  }
  for (const char* text : {"", "0", "00000000000000000", "0123456789ABCDEF", "000000000000000g",
                           "0x00000000000000", " 000000000000001", "+000000000000001"}) {
    EXPECT_EQ(from_hex16(text), std::nullopt) << text;
  }
}

TEST(PercentEncoding, IsDecodedInEitherCaseOrRefused) {
  EXPECT_EQ(percent_decode("a%2Fb%2fc%00"), std::string("a/b/c\0", 6));
  EXPECT_EQ(percent_decode(""), "");
  for (const char* bad : {"%", "%2", "%zz", "%2g", "a%", "%-1", "%+1", "% 1"}) {
    EXPECT_FALSE(percent_decode(bad).has_value()) << bad;
  }
}

TEST(PercentEncoding, LeavesOnlyUnreservedBytesAsTheyAre) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a/b c%&+\xff"), "a%2Fb%20c%25%26%2B%FF");
}

TEST(PercentEncoding, BringsBackEveryByte) {
  EXPECT_EQ(percent_decode(percent_encode(every_byte())), every_byte());
}

TEST(PercentEncoding, IsDecodedIntoTheScratchOnlyIfThereIsAny) {
  std::string scratch = "before";
  EXPECT_EQ(percent_decode("a+b", 10, scratch), "a+b");
  EXPECT_EQ(scratch, "before");
  EXPECT_EQ(percent_decode("a%2Bb", 10, scratch), "a+b");
}

TEST(PercentEncoding, StopsDecodingSoonBeyondTheBound) {
  std::string scratch;
  EXPECT_EQ(percent_decode("%41%42%43%44%45", 3, scratch), "ABCD");
}

}  // namespace
}  // namespace osproxy
