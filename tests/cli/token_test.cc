#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/identify/admin_roles.h"
#include "tests/cli/harness.h"

namespace osproxy::cli {
namespace {

using testing::HasSubstr;

struct Made {
  std::string token;
  std::string line;
};

Made make(std::vector<std::string> arguments) {
  Harness harness;
  arguments.insert(arguments.begin(), {"token", "new"});
  arguments.insert(arguments.end(), {"--output", "json"});
  const auto result = harness.run_bare(arguments);
  EXPECT_EQ(result.code, 0) << result.err;
  const auto text_of = [&](const std::string& key) {
    const std::size_t begin = result.out.find("\"" + key + "\":\"") + key.size() + 4;
    return result.out.substr(begin, result.out.find('"', begin) - begin);
  };
  return {.token = text_of("token"), .line = text_of("line")};
}

TEST(Token, TheLineAdmitsTheToken) {
  const Made made = make({"acme-ops", "--role", "operator", "--tenant", "b c", "--tenant", "a"});
  EXPECT_EQ(made.token.size(), 64U);
  EXPECT_THAT(made.line, testing::Not(HasSubstr(made.token)));
  const auto roles = AdminRoles::parse(made.line);
  ASSERT_TRUE(roles) << roles.error();
  const CallerPointer caller = roles->find_token(made.token);
  ASSERT_NE(caller, nullptr);
  EXPECT_EQ(caller->name, "acme-ops");
  EXPECT_EQ(caller->role, Role::Operator);
  EXPECT_THAT(caller->tenants, testing::ElementsAre("a", "b c"));
}

TEST(Token, IsAnotherOneEachTime) {
  EXPECT_NE(make({"a", "--role", "viewer"}).token, make({"a", "--role", "viewer"}).token);
}

TEST(Token, RefusesWhatNoLineMayHave) {
  Harness harness;
  const auto error = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"token", "new"});
    const auto result = harness.run_bare(arguments);
    EXPECT_EQ(result.code, 2);
    return result.err;
  };
  EXPECT_THAT(error({"a b", "--role", "viewer"}), HasSubstr("NAME: must be"));
  EXPECT_THAT(error({"ana", "--role", "chief"}), HasSubstr("viewer operator admin"));
  EXPECT_THAT(error({"ana"}), HasSubstr("--role"));
  EXPECT_THAT(error({"ana", "--role", "viewer", "--tenant", ""}), HasSubstr("--tenant"));
}

}  // namespace
}  // namespace osproxy::cli
