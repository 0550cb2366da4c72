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

AddressBook book_of(const AddressBook::Addresses& addresses,
                    const AddressBookOptions& options = {.lookup_interval = 30s}) {
  AddressBook book(options);
  book.looked_up(addresses, kStart);
  return book;
}

/// Another failed request at A, of client 1 to `clients` in turn.
AddressEffect fail(AddressBook& book, int times, ClientKey clients,
                   const AddressBook::Address& at = kA, AddressBook::Time now = kStart) {
  AddressEffect effect = AddressEffect::Counted;
  for (int i = 0; i < times; ++i) {
    const ClientKey client = static_cast<ClientKey>(i) % clients;
    effect = book.request_failed({.address = at, .client = client}, now);
  }
  return effect;
}

TEST(AddressBook, AnAddressIsNeverLookedUp) {
  AddressBook book(kA);
  EXPECT_FALSE(book.is_due(kStart + 24h));
  EXPECT_THAT(book.in_order(kStart), ElementsAre(kA));
}

TEST(AddressBook, ANameIsLookedUpFirstAndAfterEachInterval) {
  AddressBook book({.lookup_interval = 30s});
  EXPECT_TRUE(book.is_due(kStart));
  EXPECT_TRUE(book.empty());
  book.looked_up({kA}, kStart);
  EXPECT_FALSE(book.is_due(kStart + 29s));
  EXPECT_TRUE(book.is_due(kStart + 30s));
}

TEST(AddressBook, ConnectionsAreSpreadOverAllAddresses) {
  AddressBook book = book_of({kA, kB, kC, kB});
  EXPECT_THAT(book.in_order(kStart), ElementsAre(kA, kB, kC));
  EXPECT_THAT(book.in_order(kStart), ElementsAre(kB, kC, kA));
  EXPECT_THAT(book.in_order(kStart), ElementsAre(kC, kA, kB));
  EXPECT_THAT(book.all(), ElementsAre(kA, kB, kC));
}

TEST(AddressBook, AnAddressThatFailedIsLastUntilItSucceeds) {
  AddressBook book = book_of({kA, kB});
  book.failed(kA, kStart);
  EXPECT_THAT(book.in_order(kStart), ElementsAre(kB, kA));
  EXPECT_FALSE(book.is_current(kA));
  book.looked_up({kA, kB}, kStart + 24h);  // it is still that address
  EXPECT_THAT(book.in_order(kStart + 24h), ElementsAre(kB, kA));
  book.succeeded(kA);
  EXPECT_THAT(book.in_order(kStart + 24h), ElementsAre(kA, kB));
  EXPECT_TRUE(book.is_current(kA));
}

TEST(AddressBook, AFailedAddressIsCheckedLessAndLessOften) {
  AddressBook book = book_of({kA, kB});
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
  AddressBook book = book_of({kA, kB});
  book.failed(kA, kStart);
  book.failed(kB, kStart);
  EXPECT_FALSE(book.has_good());
  EXPECT_TRUE(book.is_current(kA));  // as good as any
  EXPECT_FALSE(book.next_check(kStart + 24h));
  EXPECT_THAT(book.in_order(kStart), ElementsAre(kA, kB));
}

TEST(AddressBook, AChangedAddressReplacesTheOldOne) {
  AddressBook book = book_of({kA, kB});
  book.looked_up({kB, kC}, kStart + 30s);
  EXPECT_FALSE(book.is_current(kA));
  EXPECT_TRUE(book.is_current(kC));
}

TEST(AddressBook, AnEmptyLookUpChangesNothingAndIsRepeatedSoon) {
  AddressBook book = book_of({kA});
  book.looked_up({}, kStart + 30s);
  EXPECT_TRUE(book.is_current(kA));
  EXPECT_FALSE(book.is_due(kStart + 31s));
  EXPECT_TRUE(book.is_due(kStart + 32s));
}

TEST(AddressBook, FailedRequestsOfSeveralClientsMuteAnAddress) {
  AddressBook book = book_of({kA, kB});
  EXPECT_EQ(fail(book, 4, 2), AddressEffect::Counted);
  EXPECT_TRUE(book.is_in_doubt());
  EXPECT_THAT(book.in_order(kStart), ElementsAre(kA, kB));
  EXPECT_EQ(fail(book, 1, 1), AddressEffect::Muted);
  EXPECT_FALSE(book.is_current(kA));
  for (int i = 0; i < 2; ++i) EXPECT_THAT(book.in_order(kStart), ElementsAre(kB, kA));
  book.succeeded(kA);  // that it accepts connections was known
  for (int i = 0; i < 2; ++i) EXPECT_THAT(book.in_order(kStart), ElementsAre(kB, kA));
  EXPECT_FALSE(book.next_check(kStart + 24h));
}

TEST(AddressBook, AGoodResponseBetweenFailuresKeepsAnAddress) {
  AddressBook book = book_of({kA, kB});
  fail(book, 4, 2);
  book.responded(kA);
  EXPECT_FALSE(book.is_in_doubt());
  EXPECT_EQ(fail(book, 4, 2), AddressEffect::Counted);
  EXPECT_TRUE(book.is_current(kA));
}

TEST(AddressBook, AMuteAddressGetsOneRequestAfterEachPause) {
  AddressBook book = book_of({kA, kB});
  fail(book, 5, 2);
  auto now = kStart;
  for (const auto pause : {2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    EXPECT_THAT(book.in_order(now + pause - 1ms), ElementsAre(kB, kA)) << pause.count();
    now += pause;
    EXPECT_THAT(book.in_order(now), ElementsAre(kA, kB));
    EXPECT_THAT(book.in_order(now), ElementsAre(kB, kA));  // one at a time
    EXPECT_EQ(fail(book, 1, 1, kA, now), AddressEffect::Muted);
    EXPECT_EQ(fail(book, 1, 1, kA, now), AddressEffect::Counted);  // sent before
  }
  now += 60s;
  book.in_order(now);
  book.responded(kA);
  EXPECT_TRUE(book.is_current(kA));
}

TEST(AddressBook, ATrialWithoutAResultIsFollowedByAnother) {
  AddressBook book = book_of({kA, kB});
  fail(book, 5, 2);
  EXPECT_THAT(book.in_order(kStart + 2s), ElementsAre(kA, kB));
  EXPECT_THAT(book.in_order(kStart + 3s), ElementsAre(kB, kA));
  EXPECT_THAT(book.in_order(kStart + 4s), ElementsAre(kA, kB));
}

TEST(AddressBook, OneClientOnlyMakesAnAddressSuspect) {
  AddressBook book = book_of({kA, kB}, {.has_checks = true});
  EXPECT_EQ(fail(book, 5, 1), AddressEffect::Suspected);
  EXPECT_EQ(fail(book, 100, 1), AddressEffect::Suspected);
  EXPECT_TRUE(book.is_current(kA));
}

TEST(AddressBook, WithoutChecksOneClientMutesHalfOfThemAtMost) {
  AddressBook book = book_of({kA, kB});
  EXPECT_EQ(fail(book, 5, 1), AddressEffect::Muted);

  AddressBook more = book_of({kA, kB, kC});
  EXPECT_EQ(fail(more, 5, 1), AddressEffect::Muted);
  EXPECT_EQ(fail(more, 100, 1, kB), AddressEffect::Counted);
  EXPECT_TRUE(more.is_current(kB));
  EXPECT_EQ(fail(more, 100, 2, kB), AddressEffect::Counted);  // still mostly that one client
}

TEST(AddressBook, FailuresOfTheLastGoodAddressAreTheNodes) {
  AddressBook book = book_of({kA, kB});
  EXPECT_EQ(fail(book, 5, 2), AddressEffect::Muted);
  EXPECT_EQ(fail(book, 100, 2, kB), AddressEffect::NodeIsToBlame);
  EXPECT_TRUE(book.is_current(kB));
  AddressBook literal(kA);
  EXPECT_EQ(fail(literal, 1, 1), AddressEffect::NodeIsToBlame);
  EXPECT_FALSE(literal.is_in_doubt());
}

TEST(AddressBook, ZeroFailuresMuteNothing) {
  AddressBook book = book_of({kA, kB}, {.mute_after = 0});
  EXPECT_EQ(fail(book, 100, 2), AddressEffect::Counted);
  EXPECT_TRUE(book.is_current(kA));
}

TEST(AddressBook, FailedChecksPutAnAddressLastUntilTheySucceed) {
  AddressBook book = book_of({kA, kB}, {.has_checks = true});
  book.probed({kA});
  for (const auto now : {kStart, kStart + 24h}) {  // no request tries it
    EXPECT_THAT(book.in_order(now), ElementsAre(kB, kA));
    EXPECT_THAT(book.in_order(now), ElementsAre(kB, kA));
  }
  book.succeeded(kA);
  book.responded(kA);  // to one request: the checks say more
  EXPECT_FALSE(book.is_current(kA));
  EXPECT_EQ(fail(book, 1, 1, kB), AddressEffect::NodeIsToBlame);
  book.probed({});
  EXPECT_TRUE(book.is_current(kA));
}

TEST(AddressBook, ChecksThatSucceedAgainEndAMutedTime) {
  AddressBook book = book_of({kA, kB}, {.has_checks = true});
  fail(book, 5, 2);
  book.probed({});  // they succeeded all the time: requests may show what checks do not
  EXPECT_FALSE(book.is_current(kA));
  book.probed({kA});
  book.probed({});
  EXPECT_TRUE(book.is_current(kA));
}

}  // namespace
}  // namespace osproxy
