#include "osproxy/core/resolve_host.h"

#include <future>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using testing::ElementsAre;

ResolvedAddress v4(unsigned char last) { return {.bytes = {10, 0, 0, last}}; }
ResolvedAddress v6(unsigned char last) { return {.is_v6 = true, .bytes = {0xfd, last}}; }

ResolvedHost resolve(const std::string& host) {
  const auto result = std::make_shared<std::promise<ResolvedHost>>();
  auto future = result->get_future();
  resolve_host(host, [result](const ResolvedHost& found) { result->set_value(found); });
  return future.get();
}

TEST(ResolveHost, TakesTheFamiliesInTurn) {
  EXPECT_THAT(interleave_families({v6(1), v6(2), v6(3), v4(1)}),
              ElementsAre(v6(1), v4(1), v6(2), v6(3)));
  EXPECT_THAT(interleave_families({v4(1), v4(2), v6(1), v6(2), v6(3)}),
              ElementsAre(v4(1), v6(1), v4(2), v6(2), v6(3)));
  EXPECT_THAT(interleave_families({v4(1)}), ElementsAre(v4(1)));
  EXPECT_TRUE(interleave_families({}).empty());
}

TEST(ResolveHost, FindsAnAddressOnAnotherThread) {
  const ResolvedHost found = resolve("127.0.0.9");
  EXPECT_EQ(found.error, 0);
  EXPECT_THAT(found.addresses, ElementsAre(ResolvedAddress{.bytes = {127, 0, 0, 9}}));
}

TEST(ResolveHost, ReportsAnErrorWithoutAddresses) {
  const ResolvedHost found = resolve("not a host name");
  EXPECT_NE(found.error, 0);
  EXPECT_TRUE(found.addresses.empty());
}

TEST(ResolveHost, EachCallerGetsItsResult) {
  constexpr int kCallers = 200;  // more than there are threads
  std::vector<std::future<ResolvedHost>> futures;
  for (int i = 0; i < kCallers; ++i) {
    const auto result = std::make_shared<std::promise<ResolvedHost>>();
    futures.push_back(result->get_future());
    resolve_host("127.0.1." + std::to_string(i % 100),
                 [result](const ResolvedHost& found) { result->set_value(found); });
  }
  for (int i = 0; i < kCallers; ++i) {
    const ResolvedAddress expected{.bytes = {127, 0, 1, static_cast<unsigned char>(i % 100)}};
    EXPECT_THAT(futures[static_cast<std::size_t>(i)].get().addresses, ElementsAre(expected));
  }
}

}  // namespace
}  // namespace osproxy
