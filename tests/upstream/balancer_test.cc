#include "osproxy/upstream/balancer.h"

#include <map>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using Kind = UpstreamBalancer::Choice::Kind;

constexpr auto kRefused = NodeFault::ConnectRefused;
constexpr auto kBad = NodeFault::BadStatus;

/// A balancer with a clock: each call is one event.
class Script {
 public:
  explicit Script(std::size_t nodes, BalancerOptions options = {})
      : balancer_(options, nodes), nodes_(nodes) {}

  /// Sends a request; returns the balancer's choice.
  UpstreamBalancer::Choice send(const TriedNodes& tried = {}) {
    const auto choice = balancer_.choose(tried, now_);
    if (choice.kind == Kind::Node) balancer_.start(choice);
    return choice;
  }

  /// Chooses until the choice is `node`, and sends a request only there.
  UpstreamBalancer::Choice send_to(std::size_t node) {
    for (std::size_t i = 0; i < nodes_; ++i) {
      const auto choice = balancer_.choose({}, now_);
      if (choice.kind != Kind::Node || choice.node != node) continue;
      balancer_.start(choice);
      return choice;
    }
    ADD_FAILURE() << "no request goes to node " << node;
    return {};
  }

  /// The nodes that idle requests would go to: one bit per node.
  unsigned taken() {
    unsigned nodes = 0;
    for (std::size_t i = 0; i < 2 * nodes_; ++i) {
      const auto choice = balancer_.choose({}, now_);
      if (choice.kind == Kind::Node) nodes |= 1U << choice.node;
    }
    return nodes;
  }

  bool refuse(std::size_t node) {
    return count(node, balancer_.connect_failed(node, kRefused, now_));
  }
  /// Each time another client, if none is given.
  bool fail(std::size_t node, ClientKey client = 0, NodeFault fault = kBad) {
    if (client == 0) client = ++last_client_;
    effect_ = balancer_.failed(node, {.fault = fault, .client = client}, now_);
    return count(node, effect_ == FailureEffect::Ejected);
  }
  bool is_suspicion() const { return effect_ == FailureEffect::Suspected; }
  void respond(const UpstreamBalancer::Choice& choice) { balancer_.answered(choice, now_); }
  /// To a request that was sent at this moment.
  void respond(std::size_t node) {
    respond({.kind = Kind::Node, .node = node, .ejections = ejections_[node]});
  }
  void finish(const UpstreamBalancer::Choice& choice) { balancer_.finish(choice); }
  void probe(std::size_t node, bool healthy) { balancer_.probed(node, healthy, now_); }
  bool check(std::size_t node, bool succeeded) {
    return count(node, balancer_.checked(node, succeeded, now_));
  }
  void wait(std::chrono::milliseconds time) { now_ += time; }
  NodeFault ejection(std::size_t node) const { return balancer_.ejection(node); }

 private:
  bool count(std::size_t node, bool is_ejected) {
    ejections_[node] += is_ejected ? 1 : 0;
    return is_ejected;
  }

  UpstreamBalancer balancer_;
  const std::size_t nodes_;
  UpstreamBalancer::Time now_{1h};
  std::map<std::size_t, std::uint32_t> ejections_;
  ClientKey last_client_ = 1'000;
  FailureEffect effect_ = FailureEffect::None;
};

TEST(UpstreamBalancer, TakesTheNodeWithTheFewestRequestsAndEqualOnesInTurn) {
  Script script(3);
  const auto a = script.send();
  const auto b = script.send();
  const auto c = script.send();
  EXPECT_EQ((1U << a.node | 1U << b.node | 1U << c.node), 0b111U);
  script.finish(b);
  EXPECT_EQ(script.send().node, b.node);
}

TEST(UpstreamBalancer, ARequestTriesEachNodeOnceAndThreeAtMost) {
  Script script(5);
  TriedNodes tried;
  for (std::size_t i = 0; i < kMaxTries; ++i) {
    const auto choice = script.send(tried);
    ASSERT_EQ(choice.kind, Kind::Node);
    EXPECT_FALSE(tried.contains(choice.node));
    tried.add(choice.node);
  }
  EXPECT_EQ(script.send(tried).kind, Kind::None);

  Script alone(1);
  TriedNodes only;
  only.add(0);
  EXPECT_EQ(alone.send(only).kind, Kind::None);
}

TEST(UpstreamBalancer, AnAvoidedNodeIsTakenOnlyIfAllOthersAreWorse) {
  Script script(2);
  TriedNodes tried;
  tried.avoid(0);
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(script.send(tried).node, 1U);  // although it has more and more requests
  tried.add(1);
  EXPECT_EQ(script.send(tried).node, 0U);
}

TEST(UpstreamBalancer, FullNodesMakeRequestsWaitUntilOneHasRoom) {
  Script script(2, {.max_requests = 1});
  const auto a = script.send();
  script.send();
  EXPECT_EQ(script.send().kind, Kind::Wait);
  script.finish(a);
  const auto next = script.send();
  EXPECT_EQ(next.kind, Kind::Node);
  EXPECT_EQ(next.node, a.node);
}

TEST(UpstreamBalancer, RequestsWaitForAFullNodeRatherThanUseAnEjectedOne) {
  Script script(2, {.max_requests = 1});
  script.refuse(1);
  EXPECT_EQ(script.send().node, 0U);
  EXPECT_EQ(script.send().kind, Kind::Wait);
}

TEST(UpstreamBalancer, ARefusedConnectionEjectsForASecond) {
  Script script(2);
  EXPECT_TRUE(script.refuse(0));
  EXPECT_EQ(script.ejection(0), kRefused);
  EXPECT_EQ(script.taken(), 0b10U);
  script.wait(999ms);
  EXPECT_EQ(script.taken(), 0b10U);
  script.wait(1ms);
  EXPECT_EQ(script.taken(), 0b11U);
}

TEST(UpstreamBalancer, ManyFailuresAtOneNodeAreOneEjection) {
  Script script(2);
  EXPECT_TRUE(script.refuse(0));
  EXPECT_FALSE(script.refuse(0));
  EXPECT_FALSE(script.fail(0));
  script.wait(1s);
  EXPECT_EQ(script.taken(), 0b11U);
}

TEST(UpstreamBalancer, AfterAnEjectionOneRequestIsATrial) {
  Script script(2);
  script.refuse(0);
  script.wait(1s);
  const auto trial = script.send_to(0);
  EXPECT_TRUE(trial.trial);
  EXPECT_EQ(script.taken(), 0b10U);  // no other request goes there yet
  script.respond(0);
  script.finish(trial);
  EXPECT_EQ(script.ejection(0), NodeFault::None);
  EXPECT_EQ(script.taken(), 0b11U);
}

// It may be a search that runs for an hour.
TEST(UpstreamBalancer, ATrialThatIsLongIsFollowedByAnother) {
  Script script(2);
  script.refuse(0);
  script.wait(1s);
  const auto trial = script.send_to(0);
  script.wait(999ms);
  EXPECT_EQ(script.taken(), 0b10U);
  script.wait(1ms);
  const auto other = script.send_to(1);  // so that both have one
  const auto next = script.send_to(0);
  EXPECT_TRUE(next.trial);
  script.respond(next);
  EXPECT_EQ(script.ejection(0), NodeFault::None);
  for (const auto& one : {trial, other, next}) script.finish(one);
  EXPECT_EQ(script.taken(), 0b11U);
}

TEST(UpstreamBalancer, ACheckEndsAnEjectionBesideALongTrial) {
  Script script(2, {.has_checks = true});
  script.refuse(0);
  script.wait(1s);
  const auto trial = script.send_to(0);
  EXPECT_FALSE(script.check(0, true));
  EXPECT_EQ(script.ejection(0), NodeFault::None);
  script.finish(trial);
}

// A node that goes down finishes its requests, and refuses new ones.
TEST(UpstreamBalancer, AResponseToAnEarlierRequestEndsNoEjection) {
  Script script(2);
  const auto before = script.send_to(0);
  EXPECT_TRUE(script.refuse(0));
  script.respond(before);
  EXPECT_EQ(script.ejection(0), kRefused);
  script.finish(before);
  script.wait(1s);
  EXPECT_EQ(script.taken(), 0b11U);
}

TEST(UpstreamBalancer, NodesThatAreNotAllowedCountAsFull) {
  UpstreamBalancer balancer({}, 2);
  const auto among = [&](bool first, bool second) {
    return balancer.choose_among({}, {},
                                 [&](std::size_t node) { return node == 0 ? first : second; });
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(among(false, true).node, 1U);
  EXPECT_EQ(among(true, false).kind, Kind::Node);
  EXPECT_EQ(among(false, false).kind, Kind::Wait);
}

TEST(UpstreamBalancer, ATrialWithoutAResultIsFollowedByAnother) {
  Script script(2);
  script.refuse(0);
  script.wait(1s);
  script.finish(script.send_to(0));  // its client has left
  EXPECT_EQ(script.ejection(0), kRefused);
  EXPECT_TRUE(script.send_to(0).trial);
}

TEST(UpstreamBalancer, EachFailedTrialDoublesTheEjectionUpToItsLimit) {
  Script script(2);
  script.refuse(0);
  for (const auto length : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    script.wait(length - 1ms);
    EXPECT_EQ(script.taken(), 0b10U) << length.count();
    script.wait(1ms);
    const auto trial = script.send_to(0);
    EXPECT_TRUE(script.refuse(0));
    script.finish(trial);
  }
}

TEST(UpstreamBalancer, AFlappingNodeIsEjectedForLongerUntilItIsStable) {
  Script script(2);
  const auto is_out_for = [&](std::chrono::milliseconds length) {
    script.refuse(0);
    script.wait(length - 1ms);
    EXPECT_EQ(script.taken(), 0b10U) << length.count();
    script.wait(1ms);
    EXPECT_EQ(script.taken(), 0b11U) << length.count();
    script.respond(0);
  };
  is_out_for(1s);
  is_out_for(2s);
  script.wait(59s);
  is_out_for(4s);
  script.wait(60s);
  is_out_for(1s);
}

TEST(UpstreamBalancer, BadResponsesInARowEject) {
  Script script(2, {.eject_after = 3});
  EXPECT_FALSE(script.fail(0));
  EXPECT_FALSE(script.fail(0));
  script.respond(0);  // not in a row
  EXPECT_FALSE(script.fail(0));
  EXPECT_FALSE(script.fail(0));
  EXPECT_TRUE(script.fail(0));
  EXPECT_EQ(script.ejection(0), kBad);
  EXPECT_EQ(script.taken(), 0b10U);
}

TEST(UpstreamBalancer, BadTrialsOfTwoClientsExtendAnEjection) {
  Script script(2, {.eject_after = 3});
  script.refuse(0);
  script.wait(1s);
  for (int i = 0; i < 10; ++i) {
    const auto trial = script.send_to(0);
    EXPECT_FALSE(script.fail(0, 7));
    script.finish(trial);
  }
  const auto trial = script.send_to(0);
  EXPECT_TRUE(script.fail(0, 8));
  script.finish(trial);
  script.wait(1s);
  EXPECT_EQ(script.taken(), 0b10U);
}

TEST(UpstreamBalancer, BadResponsesEjectHalfOfTheNodesAtMost) {
  Script script(4, {.eject_after = 2});
  for (const std::size_t node : {0U, 1U, 2U}) {
    EXPECT_FALSE(script.fail(node));
    EXPECT_EQ(script.fail(node), node < 2);
  }
  EXPECT_EQ(script.taken(), 0b1100U);

  Script alone(1, {.eject_after = 1});
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(alone.fail(0));
  Script ill(2, {.eject_after = 1});
  ill.probe(1, false);
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(ill.fail(0));
}

TEST(UpstreamBalancer, OneClientAloneEjectsNoNode) {
  Script script(2, {.eject_after = 4});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(script.fail(0, 7));
  EXPECT_FALSE(script.fail(0, 8));  // counts with two of the first client's
  EXPECT_TRUE(script.fail(0, 9));
}

TEST(UpstreamBalancer, ManyClientsEjectWithOneFailureEach) {
  Script script(2, {.eject_after = 4});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(script.fail(0));
  EXPECT_TRUE(script.fail(0));
}

TEST(UpstreamBalancer, AFailedCheckConfirmsASuspicionOfOneClient) {
  Script script(1, {.eject_after = 3, .has_checks = true});
  EXPECT_FALSE(script.check(0, false));  // no request has failed
  script.fail(0, 7, NodeFault::Closed);
  script.fail(0, 7, NodeFault::Closed);
  EXPECT_FALSE(script.is_suspicion());
  script.fail(0, 7, NodeFault::Closed);
  EXPECT_TRUE(script.is_suspicion());
  EXPECT_TRUE(script.check(0, false));
  EXPECT_EQ(script.ejection(0), NodeFault::Closed);
}

TEST(UpstreamBalancer, AGoodCheckRefutesClosedConnectionsOfAnyClients) {
  Script script(2, {.eject_after = 3, .has_checks = true});
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(script.fail(0, 0, NodeFault::Closed));
  EXPECT_TRUE(script.is_suspicion());
  EXPECT_FALSE(script.check(0, true));
  script.fail(0, 0, NodeFault::Closed);
  EXPECT_FALSE(script.is_suspicion());
}

TEST(UpstreamBalancer, AGoodCheckRefutesNoBadStatusOfSeveralClients) {
  Script one(2, {.eject_after = 3, .has_checks = true});
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(one.fail(0, 7));
  EXPECT_FALSE(one.check(0, true));
  Script several(2, {.eject_after = 3, .has_checks = true});
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(several.fail(0));
  EXPECT_TRUE(several.check(0, true));
  EXPECT_EQ(several.ejection(0), kBad);
}

TEST(UpstreamBalancer, AGoodResponseEndsASuspicion) {
  Script script(2, {.eject_after = 1, .has_checks = true});
  script.fail(0);
  EXPECT_TRUE(script.is_suspicion());
  script.respond(0);
  EXPECT_FALSE(script.check(0, false));
}

TEST(UpstreamBalancer, BadResponsesDoNotEjectIfTheOptionIsOff) {
  Script script(2, {.eject_after = 0});
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(script.fail(0));
  EXPECT_TRUE(script.refuse(0));
}

TEST(UpstreamBalancer, ANodeIsLeftOutUntilItsHealthChecksSucceed) {
  Script script(2);
  script.probe(0, false);
  EXPECT_EQ(script.taken(), 0b10U);
  script.wait(24h);
  EXPECT_EQ(script.taken(), 0b10U);
  script.probe(0, true);
  EXPECT_EQ(script.taken(), 0b11U);
}

TEST(UpstreamBalancer, AHealthCheckThatTurnsGoodEndsAnEjection) {
  Script script(2);
  script.refuse(0);
  script.probe(0, true);  // no change, so no news
  EXPECT_EQ(script.ejection(0), kRefused);
  script.probe(0, false);
  script.probe(0, true);
  EXPECT_EQ(script.ejection(0), NodeFault::None);
  EXPECT_EQ(script.taken(), 0b11U);
}

TEST(UpstreamBalancer, AGoodHealthCheckEndsAConnectEjectionThatIsOver) {
  Script script(2);
  script.refuse(0);
  script.wait(999ms);
  EXPECT_FALSE(script.check(0, true));
  EXPECT_EQ(script.ejection(0), kRefused);
  script.wait(1ms);
  EXPECT_FALSE(script.check(0, true));
  EXPECT_EQ(script.ejection(0), NodeFault::None);
}

TEST(UpstreamBalancer, OnlyATrialOrTimeEndsAnEjectionForBadStatuses) {
  Script script(2, {.eject_after = 2});
  script.fail(0);
  EXPECT_TRUE(script.fail(0));
  script.wait(1s + 59s);
  EXPECT_FALSE(script.check(0, true));
  EXPECT_EQ(script.ejection(0), kBad);
  script.wait(1s);
  EXPECT_FALSE(script.check(0, true));
  EXPECT_EQ(script.ejection(0), NodeFault::None);
}

TEST(UpstreamBalancer, IfAllNodesAreOutRequestsStillGoToThem) {
  Script script(3);
  script.refuse(0);
  script.refuse(1);
  script.probe(2, false);
  EXPECT_EQ(script.taken(), 0b011U);  // nodes with good health checks first
  TriedNodes tried;
  tried.add(0);
  tried.add(1);
  EXPECT_EQ(script.send(tried).node, 2U);
}

TEST(UpstreamBalancer, AResponseEndsAnEjectionEarly) {
  Script script(1);
  script.refuse(0);
  const auto choice = script.send();
  EXPECT_TRUE(choice.trial);
  script.respond(0);
  script.finish(choice);
  EXPECT_EQ(script.ejection(0), NodeFault::None);
}

}  // namespace
}  // namespace osproxy
