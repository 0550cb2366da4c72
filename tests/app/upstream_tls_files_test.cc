#include "osproxy/app/upstream_tls_files.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"
#include "tests/support/test_pki.h"

namespace osproxy::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const BootTime kStart{1h};

/// A CA file that a test may change.
class UpstreamTlsFilesTest : public testing::Test {
 protected:
  UpstreamTlsFilesTest() { use(ca_); }

  void use(const TestAuthority& ca) {
    std::filesystem::remove(file_);
    std::filesystem::copy_file(ca.file(), file_);
  }

  const TempDir dir_;
  const std::filesystem::path file_ = dir_.path() / "ca.pem";
  const TestAuthority ca_{dir_.path(), "one"};
  const TestAuthority other_ca_{dir_.path(), "other"};
};

TEST_F(UpstreamTlsFilesTest, AChangedFileMakesANewContext) {
  UpstreamTlsFiles files({.ca_file = file_});
  EXPECT_FALSE(files.poll(kStart));
  EXPECT_FALSE(files.poll(kStart + 10s));
  use(other_ca_);
  EXPECT_FALSE(files.poll(kStart + 19s));  // not so often
  const auto context = files.poll(kStart + 20s);
  ASSERT_TRUE(context);
  EXPECT_TRUE(context->has_value());
  EXPECT_FALSE(files.poll(kStart + 30s));
}

TEST_F(UpstreamTlsFilesTest, AChangeWhileTheFilesAreReadIsSeenLater) {
  UpstreamTlsFiles files({.ca_file = file_});
  use(other_ca_);
  EXPECT_FALSE(files.poll(kStart));
  EXPECT_TRUE(files.poll(kStart + 10s));
}

TEST_F(UpstreamTlsFilesTest, AHalfRenewedPairIsReadAgainWhenItIsWhole) {
  const TlsPair pair = ca_.issue("pair");
  const TlsPair next = ca_.issue("next");
  UpstreamTlsFiles files({.ca_file = file_, .client = pair});
  files.poll(kStart);
  std::filesystem::rename(next.cert_file, pair.cert_file);
  const auto half = files.poll(kStart + 10s);
  ASSERT_TRUE(half);
  ASSERT_FALSE(half->has_value());
  EXPECT_THAT(half->error(), HasSubstr("--upstream-key-file"));
  EXPECT_FALSE(files.poll(kStart + 20s));  // told once
  std::filesystem::rename(next.key_file, pair.key_file);
  const auto whole = files.poll(kStart + 30s);
  ASSERT_TRUE(whole);
  EXPECT_TRUE(whole->has_value());
}

}  // namespace
}  // namespace osproxy::app
