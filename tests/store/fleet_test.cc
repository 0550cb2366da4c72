// Acks as text, and what a fleet makes of them.
#include "osproxy/store/fleet.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/core/json_writer.h"
#include "osproxy/core/manual_clock.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/decode.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

InstanceAck make(std::int64_t revision, std::string state = "synced") {
  return {.instance = "proxy-1",
          .revision = revision,
          .rejected = std::nullopt,
          .state = std::move(state),
          .verified_age = 1200ms,
          .version = "0.1.0",
          .started = *parse_rfc3339_utc("2030-01-01T00:00:00.5Z"),
          .written = *parse_rfc3339_utc("2030-01-01T00:00:01Z")};
}

constexpr char kText[] =
    R"({"instance":"proxy-1","revision":7,"rejected":null,"state":"synced",)"
    R"("verified_age_ms":1200,"version":"0.1.0","started":"2030-01-01T00:00:00.5Z",)"
    R"("written":"2030-01-01T00:00:01Z","admin":null,"thinned_count":0,"thinned":[]})";

TEST(Ack, IsWrittenAsItIsDocumented) { EXPECT_EQ(encode_ack(make(7)), kText); }

TEST(Ack, CanBeReadBack) {
  InstanceAck ack = make(7);
  EXPECT_EQ(decode_ack(encode_ack(ack)), ack);
  ack.instance = "\"\\\n";
  ack.verified_age.reset();
  ack.rejected = InstanceAck::Rejected{.revision = 9, .slug = "zero_ttl", .where = "directives[0]"};
  ack.thinned = {{.id = "\"d\"",
                  .since = ack.started,
                  .reason = "over budget: 3 records/s, budget 2",
                  .refused = 4},
                 {.id = "e", .since = ack.written, .reason = "x"}};
  ack.thinned_count = 9;
  EXPECT_EQ(decode_ack(encode_ack(ack)), ack);
}

TEST(Ack, CarriesItsAdminAddressAsItIs) {
  InstanceAck ack = make(7);
  ack.admin = "http://10.0.0.7:9901";
  EXPECT_THAT(encode_ack(ack), HasSubstr(R"("admin":"http://10.0.0.7:9901")"));
  EXPECT_EQ(decode_ack(encode_ack(ack)), ack);
  ack.admin = "file:///etc/passwd";  // judged where it is used: the rest of the ack counts
  EXPECT_EQ(decode_ack(encode_ack(ack)), ack);
  std::string text = kText;
  text.replace(text.find("null,\"thinned"), 4, "7");
  EXPECT_EQ(decode_ack(text).error(), "admin is not a string");
}

TEST(Ack, OfAnOlderVersionHasNoAdminAddress) {
  std::string text = kText;
  constexpr std::string_view kNew = R"("admin":null,)";
  text.erase(text.find(kNew), kNew.size());
  EXPECT_EQ(decode_ack(text), make(7));
}

TEST(Ack, OfAnOlderVersionHasNothingThinned) {
  std::string text = kText;
  constexpr std::string_view kNew = R"(,"thinned_count":0,"thinned":[])";
  text.erase(text.find(kNew), kNew.size());
  EXPECT_EQ(decode_ack(text), make(7));
}

TEST(Ack, NamesSoManyThinnedDirectivesAndCountsThemAll) {
  std::string bytes;
  for (int i = 0; i < 10; ++i) {  // with the longest ids, in their longest form
    const std::string id(127, '"');
    bytes += fmt::format(R"({}{{"id":{},"level":"Shape","ttl_secs":{}}})", i == 0 ? "" : ",",
                         json_string(id + static_cast<char>('a' + i)), 600 + i);
  }
  ManualClock clock;
  LifeLedger ledger;
  const auto set = DirectiveSet::compile(*decode_document(R"({"directives":[)" + bytes + "]}"),
                                         ledger, clock.now());
  for (const auto& compiled : set->directives()) {
    compiled.usage->refused = 5;
    compiled.usage->thinning.set_notice(
        ThinningNotice{.since = clock.now().wall, .rate = 7, .budget = 2});
  }
  const InstanceAck ack = make_ack({.instance = "a"}, {}, *set, clock.now());
  EXPECT_EQ(ack.thinned_count, 10);
  ASSERT_EQ(ack.thinned.size(), 8);
  EXPECT_EQ(ack.thinned[0].reason, "over budget: 7 records/s, budget 2");
  EXPECT_EQ(ack.thinned[0].since, clock.now().wall);
  EXPECT_EQ(ack.thinned[0].refused, 5);
  EXPECT_LT(encode_ack(ack).size(), kMaxAckBytes);
  EXPECT_EQ(decode_ack(encode_ack(ack)), ack);

  clock.advance(600s);  // the first of them is over
  EXPECT_EQ(make_ack({}, {}, *set, clock.now()).thinned_count, 9);
}

TEST(Ack, OfANewerVersionIsUnderstood) {
  std::string text = kText;
  text.insert(1, R"("more":{"x":[1,2]},)");
  EXPECT_EQ(decode_ack(text), make(7));
}

TEST(Ack, ThatIsMalformedSaysWhatIsWrong) {
  const auto fault = [](std::string_view from, std::string_view to) {
    std::string text = kText;
    text.replace(text.find(from), from.size(), to);
    const auto ack = decode_ack(text);
    return ack ? "none" : ack.error();
  };
  EXPECT_EQ(fault("{", "["), "it is not a JSON object");
  EXPECT_EQ(fault(R"("proxy-1")", "1"), "instance is not a string");
  EXPECT_EQ(fault("7", "-7"), "revision is not a whole number");
  EXPECT_EQ(fault("7", "99999999999999999999"), "it is not a JSON object");
  EXPECT_EQ(fault(R"("rejected":null)", R"("rejected":3)"), "rejected is not an object");
  EXPECT_EQ(fault(R"("rejected":null)", R"("rejected":{"revision":1})"), "slug is not a string");
  EXPECT_EQ(fault("1200", "true"), "verified_age_ms is not a whole number");
  EXPECT_EQ(fault("00.5Z", "00.5"), "started is not a time in UTC");
  EXPECT_EQ(fault(R"(,"written":"2030-01-01T00:00:01Z")", ""), "written is not a string");
  for (const char* text : {"", "null", "[]", "{", "\xff", "\"x\""}) {
    EXPECT_EQ(decode_ack(text).error(), "it is not a JSON object");
  }
  EXPECT_EQ(decode_ack(std::string(kMaxAckBytes + 1, ' ')).error(), "it is too large");
}

TEST(Fleet, AMemberHasAppliedTheCurrentDocumentOrSaysWhyNot) {
  const CurrentDocument current{.revision = 7, .seen = 20};
  EXPECT_TRUE(judge_member(make(7), current).applied);
  EXPECT_EQ(judge_member(make(7), current).why, "");
  // Published after the document was looked at, and before the acks were.
  EXPECT_TRUE(judge_member(make(21), current).applied);
  EXPECT_FALSE(judge_member(make(12), current).applied);
  EXPECT_EQ(judge_member(make(6), current).why, "it has not reported it yet");
  EXPECT_THAT(judge_member(make(6, "stale"), current).why, HasSubstr("its store is stale"));

  InstanceAck rejecting = make(6);
  rejecting.rejected = InstanceAck::Rejected{.revision = 7, .slug = "zero_ttl", .where = ""};
  EXPECT_EQ(judge_member(rejecting, current).why,
            "it rejected revision 7: zero_ttl at the document");
  rejecting.rejected->revision = 5;  // of an older one: no reason for this
  EXPECT_EQ(judge_member(rejecting, current).why, "it has not reported it yet");
}

TEST(Fleet, AnInstanceHasAppliedThatThereIsNoDocument) {
  EXPECT_TRUE(judge_member(make(0), {.revision = 0, .seen = 20}).applied);
  EXPECT_FALSE(judge_member(make(7), {.revision = 0, .seen = 20}).applied);
}

TEST(Fleet, AForeignValueIsShownAsSuch) {
  const FleetMember member = judge_value("proxy-1", "hello", {.revision = 7, .seen = 20});
  EXPECT_EQ(member.instance, "proxy-1");
  EXPECT_FALSE(member.ack);
  EXPECT_FALSE(member.applied);
  EXPECT_EQ(member.why, "its key holds no valid ack: it is not a JSON object");
  EXPECT_THAT(judge_value("proxy-2", kText, {.revision = 7, .seen = 20}).why,
              HasSubstr("another instance's"));
}

TEST(Fleet, CountsWhoHasAppliedAndWhoIsSureOfIt) {
  const CurrentDocument current{.revision = 7, .seen = 20};
  const Fleet fleet{
      .revision = 7,
      .members = {judge_member(make(7), current), judge_member(make(7, "suspect"), current),
                  judge_member(make(6), current), judge_value("x", "", current)}};
  EXPECT_EQ(fleet.count_applied(), 2u);
  EXPECT_EQ(fleet.count_synced(), 1u);
  EXPECT_FALSE(fleet.all_applied());
  EXPECT_EQ(parse_fleet(fleet_json(fleet)), fleet);
}

TEST(Fleet, IsWrittenAsItIsDocumented) {
  const Fleet fleet{.revision = 8, .members = {judge_member(make(7), {.revision = 8, .seen = 8})}};
  EXPECT_EQ(fleet_json(fleet),
            std::string(R"({"revision":8,"applied":false,"instances":[{"instance":"proxy-1",)"
                        R"("applied":false,"why":"it has not reported it yet","ack":)") +
                kText + "}]}");
}

TEST(Fleet, AResponseThatIsNoneIsNotTakenForOne) {
  for (const char* text :
       {"", "{}", "[]", R"({"revision":1})", R"({"revision":"1","instances":[]})",
        R"({"revision":1,"instances":{}})"}) {
    EXPECT_FALSE(parse_fleet(text)) << text;
  }
  const auto fleet = parse_fleet(R"({"revision":1,"instances":[{"applied":true,"ack":{}}, 7]})");
  ASSERT_TRUE(fleet);
  EXPECT_EQ(fleet->count_applied(), 0u);  // nobody has applied anything without an ack
}

TEST(Fleet, OfOneIsTheInstanceItself) {
  const WallTime now = *parse_rfc3339_utc("2030-01-01T00:00:01Z");
  StoreStatus status{.state = StoreState::Synced, .revision = 3, .verified_age = 0ns};
  EXPECT_TRUE(
      fleet_of_one({.instance = "a"}, status, *DirectiveSet::empty_set(), {now, {}}).all_applied());
  status.rejected = Rejection{.revision = 4, .fault = Fault::ZeroTtl, .where = "x", .at = now};
  const Fleet fleet =
      fleet_of_one({.instance = "a"}, status, *DirectiveSet::empty_set(), {now, {}});
  EXPECT_EQ(fleet.revision, 4);
  EXPECT_THAT(fleet.members.at(0).why, StartsWith("it rejected revision 4: zero_ttl at x"));
}

}  // namespace
}  // namespace osproxy
