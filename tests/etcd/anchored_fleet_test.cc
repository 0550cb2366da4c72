// A fleet of anchor machines agrees on one end, whatever restarts and whatever is lost.
#include <cstddef>
#include <deque>
#include <iterator>
#include <memory>

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/etcd/anchor_machine.h"
#include "tests/etcd/anchor_documents.h"

namespace osproxy::etcd {
namespace {

using namespace std::chrono_literals;

constexpr char kPrefix[] = "osproxy/anchors/directives/";

/// A fleet on a model of the anchors' keys. Instances start, end and lose responses at random. The
/// anchor never changes, and an instance that has read it once ends the directive by it. An
/// instance that cannot read it within the hold time uses its own count until it can.
class FleetModel {
 public:
  explicit FleetModel(std::uint64_t seed) : random_(seed) {}

  void run() {
    for (int i = 0; i < 3; ++i) start(true);
    for (int step = 0; step < 400; ++step) {
      clock_.advance(std::chrono::milliseconds{random_.below(400)});
      if (random_.below(40) == 0) start(false);
      if (random_.below(60) == 0)
        members_.erase(std::next(members_.begin(), static_cast<std::ptrdiff_t>(pick())));
      if (members_.empty()) start(false);
      Member& member = *members_[pick()];
      if (!member.under_way.empty()) {
        respond(member);
      } else {
        perform(member, member.machine.resume(TimePassed{}, clock_.now()));
      }
      check();
    }
    for (const auto& member : members_) {
      while (!member->under_way.empty()) respond(*member);
    }
    ASSERT_TRUE(anchor_);
    check();
  }

 private:
  struct Member {
    explicit Member(std::uint64_t seed)
        : machine({.document_key = "osproxy/directives", .prefix = kPrefix}, Random(seed)) {}
    AnchorMachine machine;
    std::deque<AnchorMachine::Action> under_way;
    std::optional<WallTime> end;  // as it applies; none while withheld
    WallTime own_end{};
    std::optional<WallTime> agreed_end;
    bool has_read = false;  // the anchor, once it was there
  };

  void check() {
    if (!anchor_) return;
    if (!agreed_) agreed_ = anchor_->value;
    ASSERT_EQ(anchor_->value, *agreed_);
    const WallTime end = *parse_rfc3339_utc(agreed_->substr(0, agreed_->find(' '))) + 600s;
    for (const auto& member : members_) {
      if (!member->has_read || !member->end) continue;
      if (member->own_end + 1s < end) {  // it could not read or write for long
        ASSERT_EQ(*member->end, member->own_end);
      } else {
        ASSERT_EQ(*member->end, end);
      }
    }
  }

  std::size_t pick() { return random_.below(members_.size()); }

  /// `saw_it_come`: it was there when the document was put; else it reads it later.
  void start(bool saw_it_come) {
    auto member = std::make_unique<Member>(random_.next());
    member->own_end = clock_.now().wall + 600s;
    auto actions = member->machine.resume(AdoptDocument{.document = document_,
                                                        .mod_revision = 7,
                                                        .as_of = 7,
                                                        .cluster_id = 1,
                                                        .from_watch = saw_it_come,
                                                        .remembered = nothing_remembered},
                                          clock_.now());
    if (saw_it_come) member->end = member->own_end;
    perform(*member, std::move(actions));
    members_.push_back(std::move(member));
  }

  void perform(Member& member, AnchorMachine::Actions actions) {
    for (AnchorMachine::Action& action : actions) {
      if (auto* anchored = std::get_if<Anchored>(&action)) {
        member.agreed_end = anchored->first_seen + 600s;
        if (member.end) member.end = member.agreed_end;
      } else if (!std::holds_alternative<ReleaseWithheld>(action)) {
        member.under_way.push_back(std::move(action));
      }
    }
    if (!member.machine.withholds(document_.directives[0])) {
      member.end = member.agreed_end.value_or(member.own_end);
    }
  }

  void respond(Member& member) {
    AnchorMachine::Action action = std::move(member.under_way.front());
    member.under_way.pop_front();
    TransportEvent event;
    if (auto* list = std::get_if<ListAnchors>(&action)) {
      event = ListDone{.call = list->call};
      if (anchor_) std::get<ListDone>(event).entries = {*anchor_};
      member.has_read |= anchor_.has_value();
    } else {
      const auto& write = std::get<WriteAnchor>(action);
      const bool lost = random_.below(8) == 0;  // written, but the response does not come
      event = put(write);
      member.has_read |= !lost;
      if (lost) event = CallFailed{.call = write.call, .failure = {FailureKind::Silent, ""}};
    }
    perform(member, member.machine.resume(to_machine<AnchorMachine::Event>(event), clock_.now()));
  }

  WriteDone put(const WriteAnchor& write) {
    const Revision there = anchor_ ? anchor_->mod_revision : 0;
    if (there != write.request.expected) {
      return {.call = write.call,
              .mod_revision = there,
              .value = anchor_ ? anchor_->value : std::string{}};
    }
    anchor_ = KeyValue{
        .key = write.request.key, .mod_revision = ++revision_, .value = *write.request.value};
    return {.call = write.call, .succeeded = true, .mod_revision = revision_};
  }

  Random random_;
  ManualClock clock_;
  const Document document_ = with(by_hand("a"));
  std::optional<KeyValue> anchor_;
  std::optional<std::string> agreed_;
  Revision revision_ = 7;
  std::vector<std::unique_ptr<Member>> members_;
};

TEST(AnchoredFleet, EndsADirectiveEverywhereAtOneMoment) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    FleetModel(seed).run();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace osproxy::etcd
