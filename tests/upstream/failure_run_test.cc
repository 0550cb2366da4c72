#include "osproxy/upstream/failure_run.h"

#include <gtest/gtest.h>

namespace osproxy {
namespace {

FailureRun run_of(std::initializer_list<ClientKey> clients) {
  FailureRun run;
  for (const ClientKey client : clients) run.add(client);
  return run;
}

TEST(FailureRun, OneClientIsNeverSeveral) {
  FailureRun run;
  for (int i = 0; i < 1'000; ++i) run.add(7);
  EXPECT_EQ(run.length(), 1'000U);
  EXPECT_FALSE(run.is_of_several(1));
}

TEST(FailureRun, OneClientCountsForHalfAtMost) {
  EXPECT_FALSE(run_of({1, 1, 1, 1, 2}).is_of_several(5));
  EXPECT_TRUE(run_of({1, 1, 1, 2, 2}).is_of_several(5));
  EXPECT_TRUE(run_of({1, 2, 3, 4, 5}).is_of_several(5));
}

TEST(FailureRun, ClientsBeyondTheFirstCountAsOne) {
  const FailureRun run = run_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  EXPECT_EQ(run.length(), 10U);
  EXPECT_TRUE(run.is_of_several(8));
  EXPECT_FALSE(run.is_of_several(10));
}

TEST(FailureRun, IsEmptyAfterAGoodResponse) {
  FailureRun run = run_of({1, 2, 3});
  run.clear();
  EXPECT_EQ(run.length(), 0U);
  EXPECT_EQ(run.clients(), 0U);
  EXPECT_FALSE(run.is_of_several(1));
}

}  // namespace
}  // namespace osproxy
