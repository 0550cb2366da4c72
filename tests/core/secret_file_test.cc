#include "osproxy/core/secret_file.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace osproxy {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SecretFileTest : public ::testing::Test {
 protected:
  SecretFileTest() { chmod(dir_.path(), 0700); }

  fs::path file(mode_t mode) {
    fs::path path = dir_.path() / "secret";
    std::ofstream(path) << "s";
    chmod(path, mode);
    return path;
  }

  static void chmod(const fs::path& path, mode_t mode) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }

  TempDir dir_;
};

TEST_F(SecretFileTest, FindsNoFaultInAFileOfItsOwnerAndGroup) {
  EXPECT_THAT(faults_of_secret(file(0600)), IsEmpty());
  EXPECT_THAT(faults_of_secret(file(0640)), IsEmpty());
  EXPECT_THAT(faults_of_secret(dir_.path() / "missing"), IsEmpty());
  EXPECT_THAT(faults_of_secret_directory(dir_.path()), IsEmpty());
}

TEST_F(SecretFileTest, SaysWhatEverybodyMayDo) {
  EXPECT_THAT(faults_of_secret(file(0644)), ElementsAre(HasSubstr("can be read by everybody")));
  EXPECT_THAT(faults_of_secret(file(0666)),
              ElementsAre(HasSubstr("can be read by everybody"),
                          HasSubstr("can be written by everybody on this machine; chmod 600 it")));
  chmod(dir_.path(), 0777);
  EXPECT_THAT(faults_of_secret_directory(dir_.path()),
              ElementsAre(HasSubstr("read"), HasSubstr("chmod 700")));
}

TEST_F(SecretFileTest, LetsEverybodyReadWhatKubernetesMounts) {
  fs::create_directory(dir_.path() / "..2026");
  std::ofstream(dir_.path() / "..2026" / "token") << "t";
  chmod(dir_.path() / "..2026" / "token", 0644);
  fs::create_symlink("..2026", dir_.path() / "..data");
  fs::create_symlink("..data/token", dir_.path() / "token");
  EXPECT_THAT(faults_of_secret(dir_.path() / "token"), IsEmpty());
  chmod(dir_.path() / "..2026" / "token", 0666);
  EXPECT_THAT(faults_of_secret(dir_.path() / "token"), ElementsAre(HasSubstr("written")));
}

TEST_F(SecretFileTest, TrustsOnlyWhatNobodyElseCanChange) {
  EXPECT_EQ(fault_of_trusted(dir_.path() / "missing"), std::nullopt);
  EXPECT_EQ(fault_of_trusted(file(0644)), std::nullopt);
  EXPECT_THAT(fault_of_trusted(file(0664)).value_or(""), HasSubstr("can be written"));
  const fs::path good = file(0600);
  fs::create_symlink(good, dir_.path() / "link");
  EXPECT_THAT(fault_of_trusted(dir_.path() / "link").value_or(""), HasSubstr("no regular file"));
  chmod(dir_.path(), 0777);
  EXPECT_THAT(fault_of_trusted(good).value_or(""), HasSubstr("others can replace it"));
  chmod(dir_.path(), 01777);
  EXPECT_EQ(fault_of_trusted(good), std::nullopt);
}

}  // namespace
}  // namespace osproxy
