#include "osproxy/core/fair_queue.h"

#include <list>
#include <string>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

/// Entries with names; the party of "a1" is 'a'.
class FairQueueTest : public testing::Test {
 protected:
  struct Named : FairQueue::Entry {
    explicit Named(std::string text) : name(std::move(text)) {}
    const std::string name;
  };

  /// Each is shown with what became of it: "+a1", "-a1", and "-a1" also for one that is displaced.
  void push(const std::string& name) {
    Named& entry = entries_.emplace_back(name);
    const auto admission = queue_.push(entry, static_cast<FairQueue::Party>(name[0]));
    if (admission.displaced != nullptr) log_ += "-" + name_of(*admission.displaced) + " ";
    log_ += (admission.is_admitted ? "+" : "-") + name + " ";
  }
  void push(std::initializer_list<const char*> names) {
    for (const char* const name : names) push(name);
  }

  /// Serves all but those named in `declining`; returns the order.
  std::string serve(const std::string& declining = "", std::size_t most = 100) {
    std::string order;
    queue_.serve([&](FairQueue::Entry& entry) {
      if (most == 0) return FairQueue::Offer::Over;
      if (declining.contains(name_of(entry))) return FairQueue::Offer::Declined;
      --most;
      order += name_of(entry) + " ";
      return FairQueue::Offer::Taken;
    });
    return order;
  }

  static const std::string& name_of(const FairQueue::Entry& entry) {
    return static_cast<const Named&>(entry).name;
  }

  FairQueue queue_{4};
  std::list<Named> entries_;
  std::string log_;
};

TEST_F(FairQueueTest, OnePartyIsServedInTheOrderOfArrival) {
  push({"a1", "a2", "a3"});
  EXPECT_EQ(serve(), "a1 a2 a3 ");
  EXPECT_TRUE(queue_.empty());
}

TEST_F(FairQueueTest, APartyThatDeclinesIsNotAskedAgainInThatRound) {
  push({"a1", "a2", "b1"});
  std::string asked;
  queue_.serve([&](FairQueue::Entry& entry) {
    asked += name_of(entry) + " ";
    return name_of(entry).starts_with('a') ? FairQueue::Offer::PartyDeclined
                                           : FairQueue::Offer::Taken;
  });
  EXPECT_EQ(asked, "a1 b1 a1 ");
  EXPECT_EQ(queue_.size(), 2U);
}

TEST_F(FairQueueTest, PartiesTakeTurns) {
  push({"a1", "a2", "a3", "b1"});
  EXPECT_EQ(serve(), "a1 b1 a2 a3 ");
}

TEST_F(FairQueueTest, TurnsGoOnFromOneServingToTheNext) {
  push({"a1", "a2", "b1", "b2"});
  EXPECT_EQ(serve("", 1), "a1 ");
  EXPECT_EQ(serve("", 1), "b1 ");
  EXPECT_EQ(serve("", 1), "a2 ");
  EXPECT_EQ(queue_.size(), 1U);
}

TEST_F(FairQueueTest, AnEntryThatDeclinesHoldsUpNobody) {
  push({"a1", "a2", "b1"});
  EXPECT_EQ(serve("a1"), "a2 b1 ");
  EXPECT_EQ(serve(), "a1 ");
}

TEST_F(FairQueueTest, ALongLineGivesPlacesToOthers) {
  push({"a1", "a2", "a3", "a4", "a5", "b1", "b2", "c1"});
  EXPECT_EQ(log_, "+a1 +a2 +a3 +a4 -a5 -a4 +b1 -a3 +b2 -a2 +c1 ");
  EXPECT_EQ(serve(), "a1 b1 c1 b2 ");
}

TEST_F(FairQueueTest, LinesOfLikeLengthDoNotDisplaceEachOther) {
  push({"a1", "a2", "b1", "b2", "a3", "b3", "c1", "c2"});
  EXPECT_EQ(log_, "+a1 +a2 +b1 +b2 -a3 -b3 -a2 +c1 -c2 ");
}

TEST_F(FairQueueTest, ADisplacedEntryWaitsNoLonger) {
  push({"a1", "a2", "a3", "a4"});
  EXPECT_TRUE(entries_.back().is_waiting());
  const Named& last = entries_.back();
  push("b1");
  EXPECT_FALSE(last.is_waiting());
  EXPECT_EQ(queue_.size(), 4U);
}

TEST_F(FairQueueTest, WithoutRoomNobodyIsAdmitted) {
  FairQueue none(0);
  Named entry("a1");
  EXPECT_FALSE(none.push(entry, 1).is_admitted);
  EXPECT_FALSE(entry.is_waiting());
}

TEST_F(FairQueueTest, AnEntryThatEndsLeaves) {
  push({"a1", "b1"});
  entries_.pop_front();
  EXPECT_EQ(queue_.size(), 1U);
  EXPECT_EQ(serve(), "b1 ");
}

TEST_F(FairQueueTest, EntriesAreTakenOutByAPredicate) {
  push({"a1", "a2", "b1", "c1"});
  queue_.remove_if([](const FairQueue::Entry& entry) { return name_of(entry) != "a2"; });
  EXPECT_EQ(serve(), "a2 ");
}

}  // namespace
}  // namespace osproxy
