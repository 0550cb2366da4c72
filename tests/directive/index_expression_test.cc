// Index expressions as OpenSearch reads them.
#include "osproxy/directive/index_expression.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "osproxy/core/random.h"
#include "tests/directive/generator.h"

namespace osproxy {
namespace {

TEST(WildcardCovers, TakesAStarForAnyRun) {
  EXPECT_TRUE(wildcard_covers("*", ""));
  EXPECT_TRUE(wildcard_covers("*", "logs"));
  EXPECT_TRUE(wildcard_covers("logs-*", "logs-"));
  EXPECT_TRUE(wildcard_covers("logs-*", "logs-2024"));
  EXPECT_TRUE(wildcard_covers("*-2024", "logs-2024"));
  EXPECT_TRUE(wildcard_covers("l*s-*4", "logs-2024"));
  EXPECT_TRUE(wildcard_covers("a*b*c", "a-b-b-c"));
  EXPECT_TRUE(wildcard_covers("**a**", "a"));
  EXPECT_TRUE(wildcard_covers("*ab", "aab"));
  EXPECT_TRUE(wildcard_covers("", ""));

  EXPECT_FALSE(wildcard_covers("", "a"));
  EXPECT_FALSE(wildcard_covers("logs-*", "logs"));
  EXPECT_FALSE(wildcard_covers("*-2024", "logs-2025"));
  EXPECT_FALSE(wildcard_covers("a*a", "a"));
  EXPECT_FALSE(wildcard_covers("a*b*c", "a-c-b"));
  EXPECT_FALSE(wildcard_covers("logs", "logs-1"));
  EXPECT_FALSE(wildcard_covers("a?c", "abc"));
}

TEST(WildcardCovers, EndsSoonOnManyStars) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "*a";
  const std::string text(2000, 'a');
  EXPECT_TRUE(wildcard_covers(pattern, text));
  EXPECT_FALSE(wildcard_covers(pattern + "b", text));
}

TEST(IndexExpressionCovers, FindsAnElement) {
  EXPECT_TRUE(index_expression_covers("logs", "logs"));
  EXPECT_TRUE(index_expression_covers("a,logs,b", "logs"));
  EXPECT_TRUE(index_expression_covers("a,logs-*", "logs-1"));
  EXPECT_FALSE(index_expression_covers("logs", "log"));
  EXPECT_FALSE(index_expression_covers("logs", "logs-1"));
  EXPECT_FALSE(index_expression_covers("logs,a", "logs,a"));
}

TEST(IndexExpressionCovers, IsFalseWithoutAnExpression) {
  EXPECT_FALSE(index_expression_covers("", "logs"));
  EXPECT_FALSE(index_expression_covers(",,", "logs"));
}

TEST(IndexExpressionCovers, TakesAllForAStar) {
  EXPECT_TRUE(index_expression_covers("_all", "logs"));
  EXPECT_TRUE(index_expression_covers("a,_all", "logs"));
  EXPECT_FALSE(index_expression_covers("_all,-logs", "logs"));
  EXPECT_FALSE(index_expression_covers("_al", "logs"));
}

TEST(IndexExpressionCovers, TakesOutWhatALaterElementExcludes) {
  EXPECT_FALSE(index_expression_covers("logs-*,-logs-1", "logs-1"));
  EXPECT_TRUE(index_expression_covers("logs-*,-logs-1", "logs-2"));
  EXPECT_FALSE(index_expression_covers("*,-logs-*", "logs-1"));
  EXPECT_FALSE(index_expression_covers("logs-1,a*,-logs-1", "logs-1"));
  EXPECT_TRUE(index_expression_covers("*,-_all", "logs-1")) << "as OpenSearch does";
}

TEST(IndexExpressionCovers, AppliesElementsFromLeftToRight) {
  EXPECT_TRUE(index_expression_covers("*,-logs-1,logs-1", "logs-1"));
  EXPECT_TRUE(index_expression_covers("*,-logs-*,logs-*", "logs-1"));
  EXPECT_FALSE(index_expression_covers("*,-logs-1,logs-1,-logs-1", "logs-1"));
}

TEST(IndexExpressionCovers, ExcludesOnlyOnceAWildcardStandsBefore) {
  EXPECT_TRUE(index_expression_covers("logs-1,-logs-1", "logs-1"));
  EXPECT_TRUE(index_expression_covers("-logs-1", "-logs-1"));
  EXPECT_TRUE(index_expression_covers("-logs-*", "-logs-1"));       // a wildcard, not an exclusion
  EXPECT_FALSE(index_expression_covers("-a*,-logs-1", "-logs-1"));  // which the next one follows
}

TEST(IndexExpressionCovers, ComparesDateMathAsText) {
  EXPECT_TRUE(index_expression_covers("<logs-{now/d}>", "<logs-{now/d}>"));
  EXPECT_FALSE(index_expression_covers("<logs-{now/d}>", "logs-2024.01.01"));
  EXPECT_FALSE(index_expression_covers("<logs-*{now/d}>", "<logs-1{now/d}>"));
  EXPECT_FALSE(index_expression_covers("*,-<logs-{now/d}>", "<logs-{now/d}>"));
}

// OpenSearch resolves an expression by adding to and taking out of a set of names; so does this,
// over a small universe.
std::set<std::string> resolve(const std::string& expression, const std::vector<std::string>& all) {
  std::set<std::string> names;
  bool wildcard_seen = false;
  std::string rest = expression + ",";
  for (std::size_t comma = rest.find(','); comma != std::string::npos; comma = rest.find(',')) {
    std::string element = rest.substr(0, comma);
    rest.erase(0, comma + 1);
    if (element.empty()) continue;
    const bool excludes = wildcard_seen && element[0] == '-';
    if (excludes) element.erase(0, 1);
    if (element == "_all" && !excludes) element = "*";
    const bool wildcard = element.find('*') != std::string::npos && element[0] != '<';
    for (const std::string& name : all) {
      if (!(wildcard ? wildcard_covers(element, name) : element == name)) continue;
      if (excludes) names.erase(name);
      if (!excludes) names.insert(name);
    }
    wildcard_seen = wildcard_seen || wildcard;
  }
  return names;
}

TEST(WildcardCovers, TakesLinearTimeForAHostilePair) {
  // A matcher that tries each place again takes 10^12 steps here.
  const std::string part(1'000'000, 'a');
  EXPECT_FALSE(wildcard_covers("*" + part + "b*", part + part));
  EXPECT_TRUE(wildcard_covers("*" + part + "*", part + part));
}

TEST(IndexExpressionCovers, AgreesWithResolvingASetOfNames) {
  const std::vector<std::string> all = {"logs-1", "logs-2", "logs", "metrics",        "a",
                                        "aa",     "-a",     "*",    "<logs-{now/d}>", "missing"};
  Random random(7);
  testing::Generator<Random> generator(random, WallTime{});
  for (int i = 0; i < 50'000; ++i) {
    const std::string expression = generator.expression();
    const auto names = resolve(expression, all);
    for (const std::string& name : all) {
      ASSERT_EQ(index_expression_covers(expression, name), names.contains(name))
          << expression << " and " << name;
    }
  }
}

}  // namespace
}  // namespace osproxy
