#include "osproxy/core/agent_product.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

TEST(AgentProduct, IsTheFirstOneOfTheHeader) {
  const struct {
    std::string_view sent;
    std::string_view product;
  } cases[] = {
      {"opensearch-py/2.4.0 (Python 3.11)", "opensearch-py/2.4.0"},
      {"opensearch-java/2.6.0 (Java/17)", "opensearch-java/2.6.0"},
      {"curl/7.88.1", "curl/7.88.1"},
      {"curl", "curl"},
      {"Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101", "Mozilla/5.0"},
      {"vector/0.34.0+x86(musl)", "vector/0.34.0+x86"},
      {"a/b/c d", "a/b/c"},
      {"a/", "a"},
      {"a/ b", "a"},
      {"a;b", "a"},
      {"a\tb", "a"},
      {"", ""},
      {" a", ""},
      {"/1.0", ""},
      {"(comment) a/1", ""},
      {"a//b", ""},
      {"me@example.org", ""},
      {"a\x80", ""},
      {"a\x1b[31m", ""},
      {"\"a\"", ""},
  };
  for (const auto& [sent, product] : cases) EXPECT_EQ(product_of(sent), product) << sent;
}

TEST(AgentProduct, OneThatIsTooLongIsLeftOut) {
  const std::string longest(kMaxAgentBytes, 'x');
  EXPECT_EQ(product_of(longest), longest);
  EXPECT_EQ(product_of(longest + " (comment)"), longest);
  EXPECT_EQ(product_of(longest + "x"), "");
  EXPECT_EQ(product_of("a/" + longest), "");
  EXPECT_EQ(product_of("a " + longest), "a");
  EXPECT_TRUE(is_agent_product(longest));
  EXPECT_FALSE(is_agent_product(longest + "x"));
}

TEST(AgentProduct, HasANameAndPerhapsAVersion) {
  EXPECT_EQ(product_name("opensearch-py/2.4"), "opensearch-py");
  EXPECT_EQ(product_name("curl"), "curl");
  EXPECT_EQ(product_name("a/b/c"), "a");
  EXPECT_EQ(product_name(""), "");
}

TEST(AgentProduct, OnlyTokensAndSlashesAreOne) {
  for (const std::string_view good : {"curl", "curl/8.0", "a/b/c"}) {
    EXPECT_TRUE(is_agent_product(good)) << good;
    EXPECT_EQ(product_of(good), good);
  }
  for (const std::string_view bad : {"", "/", "a/", "/a", "a b", "a//b", "a(b)", "\xc3\xa4"}) {
    EXPECT_FALSE(is_agent_product(bad)) << bad;
  }
}

}  // namespace
}  // namespace osproxy
