#include "osproxy/core/sip_hash.h"

#include <string>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

constexpr SipKey kPaperKey{.k0 = 0x0706050403020100, .k1 = 0x0f0e0d0c0b0a0908};

std::string counting_bytes(int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes += static_cast<char>(i);
  return bytes;
}

TEST(SipHash, GivesThePapersTestVector) {
  EXPECT_EQ(sip_hash(counting_bytes(15), kPaperKey), 0xa129ca6149be45e5U);
}

TEST(SipHash, GivesTheReferenceImplementationsVectors) {
  EXPECT_EQ(sip_hash("", kPaperKey), 0x726fdb47dd0e0e31U);
  EXPECT_EQ(sip_hash(counting_bytes(1), kPaperKey), 0x74f839c593dc67fdU);
  EXPECT_EQ(sip_hash(counting_bytes(8), kPaperKey), 0x93f5f5799a932462U);
}

TEST(SipHash, DependsOnBothHalvesOfTheKey) {
  const std::uint64_t plain = sip_hash("id", {});
  EXPECT_NE(sip_hash("id", {.k0 = 1, .k1 = 0}), plain);
  EXPECT_NE(sip_hash("id", {.k0 = 0, .k1 = 1}), plain);
}

}  // namespace
}  // namespace osproxy
