#include "osproxy/client/address_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy::client {
namespace {

using testing::ElementsAre;

AddressMemory::Address at(unsigned host) { return {asio::ip::address_v4(0x0a000000U + host), 80}; }

Endpoints sorted(const AddressMemory& memory) {
  Endpoints addresses{at(1), at(2), at(3)};
  memory.sort(addresses);
  return addresses;
}

TEST(AddressMemory, KeepsTheOrderOfGoodAddresses) {
  AddressMemory memory;
  EXPECT_THAT(sorted(memory), ElementsAre(at(1), at(2), at(3)));
  memory.failed(at(1));
  EXPECT_THAT(sorted(memory), ElementsAre(at(2), at(3), at(1)));
  memory.worked(at(1));
  EXPECT_THAT(sorted(memory), ElementsAre(at(1), at(2), at(3)));
}

TEST(AddressMemory, LetsFailedAddressesTakeTurns) {
  AddressMemory memory;
  for (const unsigned host : {3U, 1U, 2U}) memory.failed(at(host));
  EXPECT_THAT(sorted(memory), ElementsAre(at(3), at(1), at(2)));
  memory.failed(at(3));
  EXPECT_THAT(sorted(memory), ElementsAre(at(1), at(2), at(3)));
}

TEST(AddressMemory, DistinguishesPorts) {
  AddressMemory memory;
  memory.failed({at(1).address(), 81});
  EXPECT_THAT(sorted(memory), ElementsAre(at(1), at(2), at(3)));
}

TEST(AddressMemory, IsBounded) {
  AddressMemory memory;
  for (unsigned host = 1; host <= kMaxFailedAddresses + 1; ++host) memory.failed(at(host));
  EXPECT_THAT(sorted(memory), ElementsAre(at(1), at(2), at(3)));  // the first one is forgotten
  memory.failed(at(2));
  EXPECT_THAT(sorted(memory), ElementsAre(at(1), at(3), at(2)));
}

}  // namespace
}  // namespace osproxy::client
