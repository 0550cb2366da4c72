// An encoded document decodes to the same document.
#include "osproxy/directive/encode.h"

#include <gtest/gtest.h>

#include "osproxy/core/manual_clock.h"
#include "osproxy/core/random.h"
#include "osproxy/core/rfc3339.h"
#include "osproxy/directive/decode.h"
#include "osproxy/directive/directive_set.h"
#include "tests/directive/generator.h"

namespace osproxy {
namespace {

TEST(Encode, WritesEveryFieldInOrder) {
  const Directive directive{.id = "x",
                            .level = Level::ShapeTiming,
                            .end = *parse_rfc3339_utc("2031-02-03T04:05:06Z"),
                            .target = {.tenant = "t",
                                       .index = "i",
                                       .principal = "p",
                                       .endpoint = Endpoint::Count,
                                       .principal_verified = true,
                                       .client = *parse_cidr("2001:DB8::/32"),
                                       .agent = "curl",
                                       .opaque_id = "o"},
                            .sample_per_mille = 7,
                            .ring_buffer = true,
                            .capture = true,
                            .min_latency = std::chrono::milliseconds{9},
                            .status = StatusFilter::parse("4xx"),
                            .shape = 0xabc,
                            .min_failed_items = 2,
                            .max_records = 3,
                            .reason = "r",
                            .author = ""};
  EXPECT_EQ(
      encode_directive(directive),
      R"({"id":"x","level":"ShapeTiming","expires_at":"2031-02-03T04:05:06Z","tenant":"t",)"
      R"("index":"i","principal":"p","principal_verified":true,"endpoint":"Count",)"
      R"("client":"2001:db8::/32","agent":"curl","opaque_id":"o","sample_per_mille":7,)"
      R"("ring_buffer":true,"capture":true,"min_latency_ms":9,"status":"4xx",)"
      R"("shape":"0000000000000abc","min_failed_items":2,"max_records":3,"reason":"r","author":""})");
}

TEST(Encode, LeavesDefaultsOut) {
  const Directive directive{.id = "x", .level = Level::Off, .end = RelativeEnd{60}};
  EXPECT_EQ(encode_directive(directive), R"({"id":"x","level":"Off","ttl_secs":60})");
  EXPECT_EQ(encode_document({}), R"({"directives":[]})");
  EXPECT_EQ(encode_document({.directives = {directive}}),
            R"({"directives":[{"id":"x","level":"Off","ttl_secs":60}]})");
}

TEST(Encode, GivesBackEveryDocument) {
  Random random(11);
  const ManualClock clock;
  testing::Generator<Random> generator(random, clock.now().wall);
  for (int i = 0; i < 5'000; ++i) {
    const Document document = generator.document(6);
    const std::string bytes = encode_document(document);
    const auto decoded = decode_document(bytes);
    ASSERT_TRUE(decoded) << to_string(decoded.error().fault) << " " << bytes;
    ASSERT_EQ(*decoded, document) << bytes;
    ASSERT_EQ(encode_document(*decoded), bytes);
  }
}

TEST(Encode, GivesBackEverySet) {
  Random random(12);
  const ManualClock clock;
  testing::Generator<Random> generator(random, clock.now().wall);
  for (int i = 0; i < 500; ++i) {
    LifeLedger ledger;
    const auto set = DirectiveSet::compile(generator.document(6), ledger, clock.now());
    const auto decoded = decode_document(encode_document(set->document()));
    ASSERT_TRUE(decoded);
    LifeLedger other;
    const auto again = DirectiveSet::compile(*decoded, other, clock.now());
    ASSERT_EQ(again->document(), set->document());
    for (std::size_t k = 0; k < set->directives().size(); ++k) {
      ASSERT_EQ(again->directives()[k].life, set->directives()[k].life);
    }
  }
}

TEST(Encode, TellsDirectivesApartByIdAndContent) {
  Random random(13);
  const ManualClock clock;
  testing::Generator<Random> generator(random, clock.now().wall);
  for (int i = 0; i < 5'000; ++i) {
    const Directive a = generator.directive("a");
    const Directive b = generator.directive(generator.one_in(2) ? "a" : "b");
    ASSERT_EQ(encode_directive(a) == encode_directive(b), a == b);
  }
}

}  // namespace
}  // namespace osproxy
