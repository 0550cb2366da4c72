#include "osproxy/upstream/client_shares.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

/// A node with connections, and clients that take as many as they get.
class ClientSharesTest : public testing::Test {
 protected:
  std::size_t take_all(ClientKey client, ClientShares& shares) {
    std::size_t taken = 0;
    for (; free_ > 0 && shares.allow_one_more({.node = 0, .client = client}, free_); ++taken) {
      shares.add({.node = 0, .client = client});
      --free_;
    }
    return taken;
  }

  std::size_t free_ = 1'000;
  ClientShares shares_{1};
};

TEST_F(ClientSharesTest, OneClientGetsThreeQuarters) {
  EXPECT_EQ(take_all(1, shares_), 750U);
  EXPECT_EQ(take_all(1, shares_), 0U);
}

TEST_F(ClientSharesTest, EachFurtherClientGetsThreeQuartersOfTheRest) {
  EXPECT_EQ(take_all(1, shares_), 750U);
  EXPECT_EQ(take_all(2, shares_), 188U);
  EXPECT_EQ(take_all(3, shares_), 47U);
  EXPECT_EQ(free_, 15U);
}

TEST_F(ClientSharesTest, AClientWithNoneGetsTheLast) {
  free_ = 1;
  EXPECT_EQ(take_all(1, shares_), 1U);
}

TEST_F(ClientSharesTest, WhatIsGivenBackCanBeTakenAgain) {
  EXPECT_EQ(take_all(1, shares_), 750U);
  shares_.remove({.node = 0, .client = 1});
  ++free_;
  EXPECT_EQ(take_all(1, shares_), 1U);
}

TEST_F(ClientSharesTest, WorkersAllowAnEvenClientItsShare) {
  std::array workers{ClientShares(2), ClientShares(2)};
  for (std::size_t turn = 0; workers[turn % 2].allow_one_more({.node = 0, .client = 1}, free_);
       ++turn) {
    workers[turn % 2].add({.node = 0, .client = 1});
    --free_;
  }
  EXPECT_EQ(free_, 250U);
}

TEST_F(ClientSharesTest, OneWorkerAfterTheOtherLeavesATwentieth) {
  constexpr unsigned kWorkers = 64;
  std::vector<ClientShares> workers(kWorkers, ClientShares(kWorkers));
  free_ = 100'000;
  for (ClientShares& worker : workers) EXPECT_GT(take_all(1, worker), 0U);
  EXPECT_GE(free_, 5'000U);
}

TEST_F(ClientSharesTest, NodesAreCountedEachByItself) {
  EXPECT_EQ(take_all(1, shares_), 750U);
  EXPECT_TRUE(shares_.allow_one_more({.node = 1, .client = 1}, 1));
}

}  // namespace
}  // namespace osproxy
