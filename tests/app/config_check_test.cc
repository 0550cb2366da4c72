#include "osproxy/app/config_check.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"

namespace osproxy::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ConfigCheckTest : public testing::Test {
 protected:
  ConfigCheck check() const { return check_config(settings_, clock_); }

  std::filesystem::path write(const char* name, const std::string& text) const {
    std::ofstream(dir_.path() / name) << text;
    return dir_.path() / name;
  }

  const TempDir dir_;
  const SystemClock clock_;
  Settings settings_{};
};

TEST_F(ConfigCheckTest, DefaultsCanBeUsed) {
  EXPECT_THAT(check().errors, IsEmpty());
  EXPECT_THAT(check().warnings, IsEmpty());
}

TEST_F(ConfigCheckTest, TwoListenersNeedTwoAddresses) {
  settings_.admin.listen = settings_.server.listen;
  EXPECT_THAT(check().errors, ElementsAre(HasSubstr("both 127.0.0.1:8080")));
  settings_.server.listen.port = settings_.admin.listen.port = 0;  // the system chooses
  EXPECT_THAT(check().errors, IsEmpty());
}

TEST_F(ConfigCheckTest, AStateDirectoryMayHaveToBeMadeWithAllAboveIt) {
  settings_.document.etcd.state_dir = dir_.path() / "a" / "b" / "c";
  EXPECT_THAT(check().errors, IsEmpty());
  EXPECT_FALSE(exists(dir_.path() / "a"));
}

TEST_F(ConfigCheckTest, ACaptureDirectoryMayHaveToBeMadeButNothingAboveIt) {
  settings_.capture.files.directory = dir_.path() / "spool";
  EXPECT_THAT(check().errors, IsEmpty());
  settings_.capture.files.directory = dir_.path() / "none" / "spool";
  EXPECT_THAT(check().errors, ElementsAre(HasSubstr("none does not exist")));
}

TEST_F(ConfigCheckTest, AFileIsNoDirectory) {
  settings_.capture.files.directory = write("file", "");
  settings_.document.etcd.state_dir = dir_.path() / "file" / "state";
  EXPECT_THAT(check().errors, ElementsAre(HasSubstr("--capture-dir"), HasSubstr("--etcd-state")));
}

TEST_F(ConfigCheckTest, AMalformedDocumentIsAFault) {
  settings_.document.file = write("directives.json", R"({"directives": [{"id": ""}]})");
  EXPECT_THAT(check().errors, ElementsAre(HasSubstr("directives[0]")));
  settings_.document.file = write("directives.json", R"({"directives": []})");
  EXPECT_THAT(check().errors, IsEmpty());
}

TEST_F(ConfigCheckTest, ADocumentThatIsMissingIsAWarning) {
  settings_.document.file = dir_.path() / "none.json";
  EXPECT_THAT(check().errors, IsEmpty());
  EXPECT_THAT(check().warnings, ElementsAre(HasSubstr("everything is off")));
}

TEST_F(ConfigCheckTest, AnAdminListenerBeyondLoopbackWithoutTlsIsAWarning) {
  settings_.admin.listen.host = "0.0.0.0";
  EXPECT_THAT(check().warnings, ElementsAre(HasSubstr("TLS")));
}

TEST_F(ConfigCheckTest, ACertificateThatExpiresSoonIsAWarning) {
  const TestAuthority ca(dir_.path(), "ca");
  settings_.tls.listen.pairs = {ca.issue("node")};
  EXPECT_THAT(check().errors, IsEmpty());
  EXPECT_THAT(check().warnings, Contains(HasSubstr("expires at")));
}

}  // namespace
}  // namespace osproxy::app
