#include "osproxy/core/attribute_text.h"

#include <string>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(AttributeText, IsCleanWithoutControls) {
  for (const char* clean : {"", "acme", "größe", "\u00a0", "\u0100"}) {
    EXPECT_TRUE(is_clean_attribute(clean)) << clean;
  }
  for (const char* unclean : {"a\tb", "a\x7f", "\u0080", "a\u009b31m", "\u009f"}) {
    EXPECT_FALSE(is_clean_attribute(unclean)) << unclean;
  }
  EXPECT_FALSE(is_clean_attribute(std::string(kMaxAttributeBytes + 1, 'x')));
}

}  // namespace
}  // namespace osproxy
