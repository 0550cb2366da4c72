#include "osproxy/upstream/address_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

const AddressBook::Time kStart{1h};

AddressBook::Address address(const char* text) {
  return {boost::asio::ip::make_address(text), 9200};
}
const auto kA = address("10.0.0.1");
const auto kB = address("10.0.0.2");
const auto kC = address("10.0.0.3");

TEST(AddressBook, AnAddressIsNeverLookedUp) {
  AddressBook book(kA);
  EXPECT_FALSE(book.is_due(kStart + 24h));
  EXPECT_THAT(book.in_order(), ElementsAre(kA));
}

TEST(AddressBook, ANameIsLookedUpFirstAndAfterEachInterval) {
  AddressBook book(30s);
  EXPECT_TRUE(book.is_due(kStart));
  EXPECT_TRUE(book.empty());
  book.looked_up({kA}, kStart);
  EXPECT_FALSE(book.is_due(kStart + 29s));
  EXPECT_TRUE(book.is_due(kStart + 30s));
}

TEST(AddressBook, ConnectionsAreSpreadOverAllAddresses) {
  AddressBook book(30s);
  book.looked_up({kA, kB, kC, kB}, kStart);
  EXPECT_THAT(book.in_order(), ElementsAre(kA, kB, kC));
  EXPECT_THAT(book.in_order(), ElementsAre(kB, kC, kA));
  EXPECT_THAT(book.in_order(), ElementsAre(kC, kA, kB));
}

TEST(AddressBook, AnAddressThatFailedIsLastUntilItSucceeds) {
  AddressBook book(30s);
  book.looked_up({kA, kB}, kStart);
  book.failed(kA, kStart);
  EXPECT_THAT(book.in_order(), ElementsAre(kB, kA));
  book.looked_up({kA, kB}, kStart + 24h);  // it is still that address
  EXPECT_THAT(book.in_order(), ElementsAre(kB, kA));
  book.succeeded(kA);
  EXPECT_THAT(book.in_order(), ElementsAre(kA, kB));
}

TEST(AddressBook, AFailedAddressIsCheckedLessAndLessOften) {
  AddressBook book(30s);
  book.looked_up({kA, kB}, kStart);
  EXPECT_FALSE(book.next_check(kStart + 24h));
  auto now = kStart;
  for (const auto pause : {2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    book.failed(kA, now);
    book.failed(kA, now);  // of another connection, at the same time
    EXPECT_FALSE(book.next_check(now + pause - 1ms)) << pause.count();
    now += pause;
    EXPECT_EQ(book.next_check(now), kA);
  }
  book.succeeded(kA);
  EXPECT_FALSE(book.next_check(now + 24h));
  EXPECT_TRUE(book.has_good());
}

TEST(AddressBook, WithoutAGoodAddressRequestsMakeTheChecks) {
  AddressBook book(30s);
  book.looked_up({kA, kB}, kStart);
  book.failed(kA, kStart);
  book.failed(kB, kStart);
  EXPECT_FALSE(book.has_good());
  EXPECT_FALSE(book.next_check(kStart + 24h));
  EXPECT_THAT(book.in_order(), ElementsAre(kA, kB));
}

TEST(AddressBook, AChangedAddressReplacesTheOldOne) {
  AddressBook book(30s);
  book.looked_up({kA, kB}, kStart);
  book.looked_up({kB, kC}, kStart + 30s);
  EXPECT_FALSE(book.contains(kA));
  EXPECT_TRUE(book.contains(kC));
}

TEST(AddressBook, AnEmptyLookUpChangesNothingAndIsRepeatedSoon) {
  AddressBook book(30s);
  book.looked_up({kA}, kStart);
  book.looked_up({}, kStart + 30s);
  EXPECT_TRUE(book.contains(kA));
  EXPECT_FALSE(book.is_due(kStart + 31s));
  EXPECT_TRUE(book.is_due(kStart + 32s));
}

}  // namespace
}  // namespace osproxy
