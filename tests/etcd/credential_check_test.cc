#include "osproxy/etcd/credential_check.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CredentialCheckTest : public ::testing::Test {
 protected:
  CredentialCheckTest() { write("secret"); }

  void write(const std::string& password) {
    std::ofstream(credentials_.password_file, std::ios::trunc) << password;
  }

  /// Looks when it is time to.
  void poll() {
    clock_.advance(*check_.wake_at() - clock_.now().boot);
    check_.poll(clock_.now().boot);
  }

  const TempDir dir_;
  const EtcdCredentials credentials_{.user = "u",
                                     .password_file = (dir_.path() / "password").string()};
  ManualClock clock_;
  CredentialCheck check_{credentials_, clock_.now().boot};
};

TEST_F(CredentialCheckTest, WarnsOfAFileThatIsBrokenTwiceUntilItIsRepaired) {
  poll();
  EXPECT_THAT(check_.warning(), IsEmpty());
  write("");
  poll();
  EXPECT_THAT(check_.warning(), IsEmpty());  // it may be in the middle of a renewal
  poll();
  EXPECT_THAT(check_.warning(), HasSubstr("password\" is empty"));
  poll();
  EXPECT_THAT(check_.warning(), HasSubstr("password\" is empty"));
  write("new secret");
  poll();
  EXPECT_THAT(check_.warning(), IsEmpty());
}

TEST_F(CredentialCheckTest, PollsAgainSoonAfterAProblem) {
  poll();
  EXPECT_EQ(*check_.wake_at(), clock_.now().boot + CredentialCheck::kInterval);
  std::filesystem::remove(credentials_.password_file);
  poll();
  EXPECT_EQ(*check_.wake_at(), clock_.now().boot + CredentialCheck::kSecondPoll);
  poll();
  EXPECT_EQ(*check_.wake_at(), clock_.now().boot + CredentialCheck::kInterval);
}

TEST_F(CredentialCheckTest, DoesNotPollBeforeItIsDue) {
  write("");
  check_.poll(clock_.now().boot);
  check_.poll(clock_.now().boot);
  EXPECT_THAT(check_.warning(), IsEmpty());
}

TEST_F(CredentialCheckTest, NeverPollsWithoutFiles) {
  EXPECT_FALSE(CredentialCheck({}, clock_.now().boot).wake_at());
}

TEST_F(CredentialCheckTest, WarnsOfTlsFilesToo) {
  const EtcdCredentials tls{.ca_file = credentials_.password_file};
  CredentialCheck check(tls, clock_.now().boot);
  clock_.advance(CredentialCheck::kInterval);
  check.poll(clock_.now().boot);
  check.poll(*check.wake_at());
  EXPECT_THAT(check.warning(), HasSubstr("holds no certificate in PEM format"));
}

}  // namespace
}  // namespace osproxy::etcd
