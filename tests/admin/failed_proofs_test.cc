#include "osproxy/admin/failed_proofs.h"

#include <gtest/gtest.h>

namespace osproxy::admin {
namespace {

using namespace std::chrono_literals;

Peer peer(std::uint8_t last, std::uint8_t first = 0) {
  Peer peer;
  peer.network.back() = last;
  peer.network.front() = first;
  return peer;
}

constexpr BootTime kNow{1h};

TEST(FailedProofs, RefusesAnAddressThatKeepsFailing) {
  FailedProofs failed;
  for (int i = 0; i < FailedProofs::kBurst; ++i) {
    EXPECT_TRUE(failed.may_try(peer(1), 7, kNow)) << i;
    failed.failed(peer(1), kNow);
  }
  EXPECT_FALSE(failed.may_try(peer(1), 7, kNow));
  EXPECT_TRUE(failed.may_try(peer(2), 7, kNow)) << "another address";
  EXPECT_FALSE(failed.may_try(peer(1), 7, kNow + FailedProofs::kRefill - 1ns));
  EXPECT_TRUE(failed.may_try(peer(1), 7, kNow + FailedProofs::kRefill));
}

TEST(FailedProofs, ATokenThatWasRightThereStaysSo) {
  FailedProofs failed;
  failed.succeeded(peer(1), 42);
  for (int i = 0; i < 2 * FailedProofs::kBurst; ++i) failed.failed(peer(1), kNow);
  EXPECT_TRUE(failed.may_try(peer(1), 42, kNow));
  EXPECT_FALSE(failed.may_try(peer(1), 43, kNow));
}

TEST(FailedProofs, SeveralTokensThatWereRightThereStaySo) {
  constexpr std::uint64_t kMax = FailedProofs::kMaxGood;
  FailedProofs failed;
  for (std::uint64_t token = 0; token < kMax; ++token) failed.succeeded(peer(1), token);
  failed.succeeded(peer(1), 0);
  for (int i = 0; i < 2 * FailedProofs::kBurst; ++i) failed.failed(peer(1), kNow);
  for (std::uint64_t token = 0; token < kMax; ++token) {
    EXPECT_TRUE(failed.may_try(peer(1), token, kNow)) << token;
  }
  failed.succeeded(peer(1), kMax);
  EXPECT_TRUE(failed.may_try(peer(1), kMax, kNow));
  EXPECT_TRUE(failed.may_try(peer(1), 0, kNow)) << "was right again before";
  EXPECT_FALSE(failed.may_try(peer(1), 1, kNow)) << "was right least lately";
}

TEST(FailedProofs, ForgetsTheAddressSeenLeastLately) {
  FailedProofs failed;
  for (int i = 0; i < FailedProofs::kBurst; ++i) failed.failed(peer(1), kNow);
  for (std::size_t i = 0; i < 2 * FailedProofs::kMaxPeers; ++i) {
    failed.failed(peer(static_cast<std::uint8_t>(i % 256), static_cast<std::uint8_t>(1 + i / 256)),
                  kNow);
    EXPECT_LE(failed.size(), FailedProofs::kMaxPeers);
  }
  EXPECT_TRUE(failed.may_try(peer(1), 7, kNow));
}

}  // namespace
}  // namespace osproxy::admin
