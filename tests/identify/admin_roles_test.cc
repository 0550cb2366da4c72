#include "osproxy/identify/admin_roles.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/encoding.h"
#include "osproxy/core/sha256.h"

namespace osproxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string hash(std::string_view token) { return to_hex(sha256(token).value_or("")); }

std::string error_of(std::string_view text) {
  const auto roles = AdminRoles::parse(text);
  return roles ? "" : roles.error();
}

TEST(AdminRoles, KnowsEachTokenOfTheFile) {
  const auto roles = AdminRoles::parse(fmt::format(
      "# the admin listener's\n\n  ana operator sha256={}\r\nbob\tviewer  sha256={} tenant=b "
      "tenant=a%20c tenant=b\n",
      hash("token-a"), hash("token-b")));
  ASSERT_TRUE(roles) << roles.error();
  const CallerPointer ana = roles->find_token("token-a");
  ASSERT_NE(ana, nullptr);
  EXPECT_EQ(ana->name, "ana");
  EXPECT_EQ(ana->role, Role::Operator);
  EXPECT_TRUE(ana->tenants.empty() && ana->is_named);
  const CallerPointer bob = roles->find_token("token-b");
  ASSERT_NE(bob, nullptr);
  EXPECT_EQ(bob->role, Role::Viewer);
  EXPECT_THAT(bob->tenants, ElementsAre("a c", "b"));
  EXPECT_EQ(roles->find_token("token-c"), nullptr);
  EXPECT_EQ(roles->find_token(""), nullptr);
  EXPECT_EQ(roles->find_token(hash("token-a")), nullptr);
}

TEST(AdminRoles, KnowsCertificatesByTheirNames) {
  const auto roles = AdminRoles::parse(
      "ci admin cn=ci-runner\nweb viewer dns=web.example\nid viewer uri=spiffe://a/b\n"
      "ann operator email=ann@example.org\n");
  ASSERT_TRUE(roles) << roles.error();
  EXPECT_TRUE(roles->knows_certificates());
  const auto name_of = [&](const CertificateNames& names) {
    const CallerPointer found = roles->find_certificate(names);
    return found ? found->name : "nobody";
  };
  EXPECT_EQ(name_of({.common_name = "ci-runner"}), "ci");
  EXPECT_EQ(name_of({.common_name = "x", .dns = {"y", "web.example"}}), "web");
  EXPECT_EQ(name_of({.uris = {"spiffe://a/b"}}), "id");
  EXPECT_EQ(name_of({.emails = {"ann@example.org"}}), "ann");
  // A name of one kind is none of another.
  EXPECT_EQ(name_of({.common_name = "web.example", .dns = {"ci-runner"}}), "nobody");
  EXPECT_EQ(name_of({}), "nobody");
}

TEST(AdminRoles, SaysWhichLineIsWrong) {
  const std::string good = "ana viewer sha256=" + hash("a");
  EXPECT_THAT(error_of(good + "\nbob chief sha256=" + hash("b")),
              HasSubstr("line 2 has an unknown"));
  EXPECT_THAT(error_of("ana"), HasSubstr("line 1 has an unknown role"));
  EXPECT_THAT(error_of("an=a viewer cn=a"), HasSubstr("line 1 has no good name"));
  EXPECT_THAT(error_of("ana viewer"), HasSubstr("no good proof"));
  EXPECT_THAT(error_of("ana viewer token=abc"), HasSubstr("no good proof"));
  EXPECT_THAT(error_of("ana viewer cn="), HasSubstr("no good proof"));
  EXPECT_THAT(error_of("ana viewer sha256=abcd"), HasSubstr("64 hex digits"));
  EXPECT_THAT(error_of(good + " acme"), HasSubstr("no tenant=NAME"));
  EXPECT_THAT(error_of(good + " tenant="), HasSubstr("no tenant=NAME"));
  EXPECT_THAT(error_of(good + "\nbob admin sha256=" + hash("a")),
              HasSubstr("line 2 has the token"));
}

TEST(AdminRoles, NeverQuotesTheFile) {
  for (const char* line : {"canary", "ana canary", "ana viewer canary", "ana viewer cn=a canary",
                           "ana viewer sha256=canary"}) {
    EXPECT_THAT(error_of(line), testing::Not(HasSubstr("canary"))) << line;
    EXPECT_NE(error_of(line), "") << line;
  }
}

TEST(AdminRoles, TakesNoMoreLinesThanARequestIsComparedWith) {
  std::string text;
  for (std::size_t i = 0; i < AdminRoles::kMaxLines; ++i)
    text += fmt::format("a viewer cn={}\n", i);
  EXPECT_EQ(error_of(text), "");
  EXPECT_THAT(error_of(text + "a viewer cn=more\n"), HasSubstr("line 1001 is one too many"));
}

TEST(AdminRoles, TheSingleTokenIsAnAdmin) {
  const AdminRoles roles = AdminRoles::of_token("secret");
  const CallerPointer found = roles.find_token("secret");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(*found, (Caller{.name = "admin", .role = Role::Admin}));
  EXPECT_FALSE(roles.knows_certificates());
}

TEST(AdminRoles, ReadsTheLineThatItWrites) {
  const Caller caller{.name = "ana", .role = Role::Viewer, .tenants = {"a b", "c#d"}};
  const auto roles = AdminRoles::parse(format_role_line(caller, "token"));
  ASSERT_TRUE(roles) << roles.error();
  const CallerPointer found = roles->find_token("token");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, caller.name);
  EXPECT_EQ(found->role, caller.role);
  EXPECT_EQ(found->tenants, caller.tenants);
}

TEST(AdminRoles, ABoundCallerSeesItsTenantsOnly) {
  const Caller bound{.tenants = {"acme", "acme-eu"}};
  EXPECT_TRUE(bound.sees("acme") && bound.sees("acme-eu"));
  for (const char* other : {"", "acm", "acme-", "ACME", "globex"}) EXPECT_FALSE(bound.sees(other));
  EXPECT_TRUE(Caller{}.sees("globex") && Caller{}.sees(""));
}

}  // namespace
}  // namespace osproxy
