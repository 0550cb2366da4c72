#include "osproxy/identify/tenant_rule.h"

#include <string_view>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

std::string_view in_index(std::string_view pattern, std::string_view expression) {
  static TenantRule rule;  // static: the result may point into the rule
  rule = *TenantRule::of_index(pattern);
  return rule.find_in_index(expression);
}

TEST(TenantRule, FindsTheTenantInIndexNames) {
  EXPECT_EQ(in_index("{tenant}", "acme"), "acme");
  EXPECT_EQ(in_index("{tenant}-*", "acme-logs-1"), "acme");
  EXPECT_EQ(in_index("{tenant}-*", "acme-"), "acme");
  EXPECT_EQ(in_index("{tenant}-*", "-acme-x"), "");
  EXPECT_EQ(in_index("{tenant}-*", "acme"), "");
  EXPECT_EQ(in_index("logs-{tenant}", "logs-acme-eu"), "acme-eu");
  EXPECT_EQ(in_index("logs-{tenant}", "logs-"), "");
  EXPECT_EQ(in_index("logs-{tenant}-*", "logs-acme-2026"), "acme");
  EXPECT_EQ(in_index("logs-{tenant}-*", "metrics-acme-2026"), "");
  EXPECT_EQ(in_index("logs-{tenant}-v1", "logs-acme-v1"), "acme");
  EXPECT_EQ(in_index("logs-{tenant}-v1", "logs-v1"), "");
  EXPECT_EQ(in_index("logs-{tenant}-v1", "logs--v1"), "");
}

TEST(TenantRule, FindsOneTenantInAnExpressionOrNone) {
  EXPECT_EQ(in_index("{tenant}-*", "acme-a,acme-b"), "acme");
  EXPECT_EQ(in_index("{tenant}-*", "acme-*,-acme-old,-other-x"), "acme");
  EXPECT_EQ(in_index("{tenant}-*", "acme-a,other-b"), "");
  EXPECT_EQ(in_index("{tenant}-*", "acme-a,orders"), "");
  EXPECT_EQ(in_index("{tenant}-*", "<acme-{now/d}>"), "acme");
  EXPECT_EQ(in_index("{tenant}-*", ""), "");
}

TEST(TenantRule, TakesNoExclusionForATenant) {
  EXPECT_EQ(in_index("{tenant}_*", "-_all"), "");
  EXPECT_EQ(in_index("{tenant}_*", "acme_*,-_all"), "acme");
  EXPECT_EQ(in_index("{tenant}", "_all"), "");
  EXPECT_EQ(in_index("{tenant}", "_source"), "");
}

TEST(TenantRule, FindsTheTenantOfAnIndexElsewhere) {
  EXPECT_EQ(in_index("{tenant}-*", "east:acme-logs,acme-logs"), "acme");
  EXPECT_EQ(in_index("{tenant}-*", "*:acme-*,-east:acme-old"), "acme");
  EXPECT_EQ(in_index("{tenant}-*", "east:*"), "");
  EXPECT_EQ(in_index("{tenant}-*", "east:acme-a,other-b"), "");
}

TEST(TenantRule, FindsTheTenantOfABackingIndex) {
  EXPECT_EQ(in_index("{tenant}-*", ".ds-acme-logs-000001"), "acme");
  EXPECT_EQ(in_index("logs-{tenant}", ".ds-logs-acme-000012"), "acme");
  EXPECT_EQ(in_index("logs-{tenant}", ".ds-logs-acme-2026"), "acme-2026");
  EXPECT_EQ(in_index("logs-{tenant}", "east:.ds-logs-acme-000001,logs-acme"), "acme");
  EXPECT_EQ(in_index(".ds-{tenant}-*", ".ds-acme-logs-000001"), "acme");
}

TEST(TenantRule, TakesNoWildcardForATenant) {
  EXPECT_EQ(in_index("{tenant}-*", "*"), "");
  EXPECT_EQ(in_index("{tenant}-*", "_all"), "");
  EXPECT_EQ(in_index("{tenant}-*", "ac*-logs"), "");
  EXPECT_EQ(in_index("{tenant}", "acme*"), "");
  EXPECT_EQ(in_index("{tenant}-*", "acme-*"), "acme");
}

void expect_path(std::string_view pattern, std::string_view path, std::string_view tenant,
                 std::string_view rest) {
  const TenantRule rule = *TenantRule::of_path(pattern);
  const TenantRule::PathParts parts = rule.split_path(path);
  EXPECT_EQ(parts.tenant, tenant) << path;
  EXPECT_EQ(parts.rest, rest) << path;
}

TEST(TenantRule, SplitsAPath) {
  expect_path("/{tenant}", "/acme/orders/_search", "acme", "/orders/_search");
  expect_path("/{tenant}", "/acme", "acme", "/");
  expect_path("/{tenant}", "/", "", "/");
  expect_path("/{tenant}", "//orders", "orders", "/");
  expect_path("/t/{tenant}", "//t//acme//orders/_search", "acme", "//orders/_search");
  expect_path("/{tenant}/es", "/acme//es/orders", "acme", "/orders");
  expect_path("/t/{tenant}", "t/acme/orders", "acme", "/orders");
  expect_path("/t/{tenant}", "/tx/acme/orders", "", "/tx/acme/orders");
  expect_path("/t/{tenant}", "/t/acme/", "acme", "/");
  expect_path("/t/{tenant}", "/tt/acme/x", "", "/tt/acme/x");
  expect_path("/t/{tenant}/es", "/t/acme/es/x", "acme", "/x");
  expect_path("/t/{tenant}/es", "/t/acme/essen/x", "", "/t/acme/essen/x");
  expect_path("/t-{tenant}", "/t-acme/x", "acme", "/x");
}

TEST(TenantRule, RefusesInvalidPatterns) {
  for (const std::string_view bad :
       {"", "t/{tenant}", "/t", "/{tenant}/{tenant}", "/{tenant}-x", "/t/{tenant}/", "/t/{tenant}?",
        "/t/*/{tenant}", "/%74/{tenant}"}) {
    EXPECT_FALSE(TenantRule::of_path(bad)) << bad;
  }
  for (const std::string_view bad : {"", "logs-*", "{tenant}-{tenant}", "{tenant}*", "*-{tenant}",
                                     "{tenant}-*-x", "{tenant},x", "/{tenant}"}) {
    EXPECT_FALSE(TenantRule::of_index(bad)) << bad;
  }
}

}  // namespace
}  // namespace osproxy
