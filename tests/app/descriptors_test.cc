#include "osproxy/app/descriptors.h"

#include <algorithm>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace osproxy::app {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kUsual = 10'000;

TEST(Descriptors, AreRaisedToTheHardLimit) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = std::min<rlim_t>(256, before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
}

TEST(Descriptors, AreTwoForEachClient) {
  EXPECT_EQ(fit_connections(500, kUsual, 2, 1280), 500U);
  EXPECT_EQ(fit_connections(500, kUsual, 2, 1'000'000), 500U);
  const auto refused = fit_connections(501, kUsual, 2, 1280);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("501 client connections with 2 workers need 1282 file "
                                         "descriptors, and this process may open 1280"));
  EXPECT_THAT(refused.error(), HasSubstr("--max-connections"));
}

TEST(Descriptors, LimitTheUsualNumberOfClients) {
  EXPECT_EQ(fit_connections(std::nullopt, kUsual, 2, 1'000'000), kUsual);
  EXPECT_EQ(fit_connections(std::nullopt, kUsual, 2, 1280), 500U);
  EXPECT_FALSE(fit_connections(std::nullopt, kUsual, 2, 200));
}

}  // namespace
}  // namespace osproxy::app
