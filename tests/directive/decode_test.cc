// Every field and every rejection of the document, with its place.
#include "osproxy/directive/decode.h"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "osproxy/core/rfc3339.h"

namespace osproxy {
namespace {

using namespace std::chrono_literals;

/// A document of one directive; `fields` follow those that are required.
std::string with(std::string_view fields) {
  return fmt::format(R"({{"directives":[{{"id":"a","level":"Shape","ttl_secs":60{}{}}}]}})",
                     fields.empty() ? "" : ",", fields);
}

std::string directives(std::string_view elements) {
  return fmt::format(R"({{"directives":[{}]}})", elements);
}

std::string good(std::string_view id) {
  return fmt::format(R"({{"id":"{}","level":"Off","ttl_secs":1}})", id);
}

/// "ok", or the slug and the place, as an operator sees them.
std::string outcome(std::string_view bytes, const DecodeLimits& limits = {}) {
  const auto document = decode_document(bytes, limits);
  if (document) return "ok";
  return fmt::format("{} {}", to_string(document.error().fault), document.error().where);
}

Directive only(std::string_view bytes) {
  const auto document = decode_document(bytes);
  EXPECT_TRUE(document) << outcome(bytes);
  EXPECT_EQ(document->directives.size(), 1);
  return document->directives.at(0);
}

// --- What is accepted ----------------------------------------------------------------------------

TEST(Decode, ReadsAnEmptyDocument) {
  EXPECT_EQ(decode_document(R"({"directives":[]})"), Document{});
  EXPECT_EQ(decode_document(" \t\r\n{ \"directives\" : [ ] } \n"), Document{});
}

TEST(Decode, FillsInTheDefaults) {
  const Directive directive = only(R"({"directives":[{"id":"a","level":"Shape","ttl_secs":60}]})");
  EXPECT_EQ(directive.id, "a");
  EXPECT_EQ(directive.level, Level::Shape);
  EXPECT_EQ(directive.end, PublishedEnd{RelativeEnd{60}});
  EXPECT_EQ(directive.target, Target{});
  EXPECT_EQ(directive.sample_per_mille, 1000);
  EXPECT_FALSE(directive.ring_buffer);
  EXPECT_FALSE(directive.capture);
  EXPECT_EQ(directive.min_latency, std::nullopt);
  EXPECT_EQ(directive.status, std::nullopt);
  EXPECT_EQ(directive.shape, std::nullopt);
  EXPECT_EQ(directive.min_failed_items, std::nullopt);
  EXPECT_EQ(directive.max_records, std::nullopt);
  EXPECT_EQ(directive.reason, std::nullopt);
  EXPECT_EQ(directive.author, std::nullopt);
}

TEST(Decode, ReadsEveryField) {
  const Directive directive = only(R"({"directives":[{
    "author":"ana", "reason":"INC-2291", "max_records":10, "min_failed_items":2,
    "shape":"00d2814f85dcdeda", "status":"5xx", "min_latency_ms":250,
    "capture":true, "ring_buffer":true, "sample_per_mille":5, "endpoint":"IngestBulk",
    "principal":"p", "principal_verified":true, "index":"logs-1", "tenant":"acme",
    "opaque_id":"job 7", "agent":"curl/8.0", "client":"10.0.0.0/8",
    "expires_at":"2031-02-03T04:05:06.7Z", "level":"ShapeRewriteDiff", "id":"x"}]})");
  EXPECT_EQ(directive.id, "x");
  EXPECT_EQ(directive.level, Level::ShapeRewriteDiff);
  EXPECT_EQ(directive.end, PublishedEnd{*parse_rfc3339_utc("2031-02-03T04:05:06.700Z")});
  EXPECT_EQ(directive.target, (Target{"acme", "logs-1", "p", Endpoint::IngestBulk, true,
                                      *parse_cidr("10.0.0.0/8"), "curl/8.0", "job 7"}));
  EXPECT_EQ(directive.sample_per_mille, 5);
  EXPECT_TRUE(directive.ring_buffer);
  EXPECT_TRUE(directive.capture);
  EXPECT_EQ(directive.min_latency, 250ms);
  EXPECT_EQ(directive.status, StatusFilter::parse("5xx"));
  EXPECT_EQ(directive.shape, 0x00d2'814f'85dc'dedaU);
  EXPECT_EQ(directive.min_failed_items, 2U);
  EXPECT_EQ(directive.max_records, 10);
  EXPECT_EQ(directive.reason, "INC-2291");
  EXPECT_EQ(directive.author, "ana");
}

TEST(Decode, KeepsTheOrderOfTheDocument) {
  const auto document = decode_document(directives(good("b") + "," + good("a") + "," + good("c")));
  ASSERT_TRUE(document);
  ASSERT_EQ(document->directives.size(), 3);
  EXPECT_EQ(document->directives[0].id, "b");
  EXPECT_EQ(document->directives[2].id, "c");
}

TEST(Decode, UnescapesTextAndFieldNames) {
  const Directive directive =
      only(R"({"directives":[{"\u0069d":"\u00e9\ud83d\ude00\"\\\/","level":"Sh\u0061pe",)"
           R"("ttl_secs":60,"tenant":"a\u0000\n\tb"}]})");
  EXPECT_EQ(directive.id, "\u00e9\U0001f600\"\\/");
  EXPECT_EQ(directive.target.tenant, std::string("a\0\n\tb", 5));
}

TEST(Decode, AcceptsEachValueAtItsBounds) {
  const std::string id(128, 'x');
  const std::string text(256, 'x');
  EXPECT_EQ(outcome(directives(good(id))), "ok");
  EXPECT_EQ(outcome(with(R"("sample_per_mille":0)")), "ok");
  EXPECT_EQ(outcome(with(R"("sample_per_mille":1000)")), "ok");
  EXPECT_EQ(outcome(with(R"("min_latency_ms":0)")), "ok");
  EXPECT_EQ(outcome(with(R"("min_latency_ms":9007199254740991)")), "ok");
  EXPECT_EQ(outcome(with(R"("shape":"0000000000000000")")), "ok");
  EXPECT_EQ(outcome(with(R"("shape":"ffffffffffffffff")")), "ok");
  EXPECT_EQ(outcome(with(R"("min_failed_items":1)")), "ok");
  EXPECT_EQ(outcome(with(R"("min_failed_items":9007199254740991)")), "ok");
  EXPECT_EQ(outcome(with(R"("max_records":1)")), "ok");
  EXPECT_EQ(outcome(with(R"("max_records":9007199254740991)")), "ok");
  EXPECT_EQ(outcome(with(R"("reason":"","author":"")")), "ok");
  EXPECT_EQ(outcome(with(fmt::format(R"("reason":"{0}","author":"{0}")", text))), "ok");
  EXPECT_EQ(outcome(R"({"directives":[{"id":"a","level":"Off","ttl_secs":86400}]})"), "ok");
}

TEST(Decode, AcceptsAPastAndAFarExpiresAt) {
  for (const char* time :
       {"1970-01-01T00:00:00Z", "2200-12-31T23:59:59.999999999Z", "2024-02-29T00:00:00+00:00"}) {
    EXPECT_EQ(outcome(fmt::format(
                  R"({{"directives":[{{"id":"a","level":"Off","expires_at":"{}"}}]}})", time)),
              "ok")
        << time;
  }
}

TEST(Decode, AcceptsEveryEndpoint) {
  for (std::size_t i = 0; i < kEndpointCount; ++i) {
    const auto endpoint = static_cast<Endpoint>(i);
    const Directive directive = only(with(fmt::format(R"("endpoint":"{}")", to_string(endpoint))));
    EXPECT_EQ(directive.target.endpoint, endpoint);
  }
}

// --- What is rejected ----------------------------------------------------------------------------

struct Case {
  std::string document;
  std::string outcome;
};

void expect_outcomes(const std::vector<Case>& cases) {
  for (const Case& c : cases) EXPECT_EQ(outcome(c.document), c.outcome) << c.document;
}

TEST(Decode, RejectsWhatIsNoDocument) {
  expect_outcomes({
      {"[]", "not_an_object "},
      {"null", "not_an_object "},
      {"5", "not_an_object "},
      {R"("directives")", "not_an_object "},
      {"{}", "missing_directives directives"},
      {R"({"directives":null})", "missing_directives directives"},
      {R"({"directives":{}})", "missing_directives directives"},
      {R"({"directives":"[]"})", "missing_directives directives"},
      {R"({"directives":[],"directives":[]})", "duplicate_field directives"},
      {R"({"directives":[],"d\u0069rectives":[]})", "duplicate_field directives"},
      {R"({"directives":[],"version":1})", "unknown_field version"},
      {R"({"version":1,"directives":[]})", "unknown_field version"},
      {R"({"Directives":[]})", "unknown_field Directives"},
      {R"({"":[]})", "unknown_field "},
  });
}

TEST(Decode, RejectsWhatIsNoDirective) {
  expect_outcomes({
      {directives("5"), "not_an_object directives[0]"},
      {directives("null"), "not_an_object directives[0]"},
      {directives("[]"), "not_an_object directives[0]"},
      {directives(good("a") + ",\"x\""), "not_an_object directives[1]"},
      {directives("{}"), "missing_id directives[0].id"},
      {directives(R"({"level":"Off","ttl_secs":1})"), "missing_id directives[0].id"},
      {directives(R"({"id":"a","ttl_secs":1})"), "missing_level directives[0].level"},
      {directives(R"({"id":"a","level":"Off"})"), "missing_ttl_secs directives[0].ttl_secs"},
      {directives(good("a") + "," + good("b") + R"(,{"id":"c"})"),
       "missing_level directives[2].level"},
  });
}

TEST(Decode, RejectsUnknownFieldsAndShowsOnlyWhatLooksLikeAName) {
  const std::string longest(64, 'f');
  expect_outcomes({
      {with(R"("tenent":"acme")"), "unknown_field directives[0].tenent"},
      {with(R"("Tenant":"acme")"), "unknown_field directives[0].Tenant"},
      {with(R"("x-y.z_9":1)"), "unknown_field directives[0].x-y.z_9"},
      {with(fmt::format(R"("{}":1)", longest)), "unknown_field directives[0]." + longest},
      {with(fmt::format(R"("{}f":1)", longest)), "unknown_field directives[0]"},
      {with(R"("a secret value":1)"), "unknown_field directives[0]"},
      {with(R"("\u00e9":1)"), "unknown_field directives[0]"},
      {with(R"("":1)"), "unknown_field directives[0]"},
      {with(R"("x\n":1)"), "unknown_field directives[0]"},
  });
}

TEST(Decode, RejectsAFieldThatIsThereTwice) {
  expect_outcomes({
      {with(R"("id":"b")"), "duplicate_field directives[0].id"},
      {with(R"("id":"a")"), "duplicate_field directives[0].id"},
      {with(R"("tenant":"a","index":"i","tenant":"a")"), "duplicate_field directives[0].tenant"},
      {with(R"("tenant":"a","te\u006eant":"b")"), "duplicate_field directives[0].tenant"},
      {with(R"("capture":false,"capture":true)"), "duplicate_field directives[0].capture"},
  });
}

TEST(Decode, RejectsBadIds) {
  const std::string slug = "bad_id directives[0].id";
  for (const std::string id : {"5", "null", "true", "[]", "{}", R"(["a"])", R"({"a":1})", R"("")",
                               R"("a\u0000")", R"("a\nb")", R"("\u007f")", R"("\u001b[31m")"}) {
    EXPECT_EQ(outcome(directives(fmt::format(R"({{"id":{},"level":"Off","ttl_secs":1}})", id))),
              slug)
        << id;
  }
  EXPECT_EQ(outcome(directives(good(std::string(129, 'x')))), slug);
  EXPECT_EQ(outcome(directives(good(std::string(127, 'x') + "\u00e9"))),
            slug);  // bytes, not letters
}

TEST(Decode, RejectsTheSameIdTwice) {
  expect_outcomes({
      {directives(good("a") + "," + good("a")), "duplicate_id directives[1].id"},
      {directives(good("a") + "," + good("b") + "," + good("\\u0061")),
       "duplicate_id directives[2].id"},
      {directives(good("a") + "," + good("A")), "ok"},
  });
}

TEST(Decode, RejectsUnknownLevels) {
  for (const char* level : {"5", "null", "[]", "{}", "false", R"("")", R"("shape")", R"("Shape ")",
                            R"("ShapeTimings")"}) {
    EXPECT_EQ(outcome(directives(fmt::format(R"({{"id":"a","level":{},"ttl_secs":1}})", level))),
              "unknown_level directives[0].level")
        << level;
  }
}

TEST(Decode, RejectsBadLives) {
  const auto ttl = [](std::string_view value) {
    return outcome(directives(fmt::format(R"({{"id":"a","level":"Off","ttl_secs":{}}})", value)));
  };
  for (const char* value : {R"("60")", "null", "true", "[60]", "{}", "1.0", "60.5", "6e1", "1e999",
                            "-0", "-0.0", "0.0"}) {
    EXPECT_EQ(ttl(value), "missing_ttl_secs directives[0].ttl_secs") << value;
  }
  for (const char* value : {"0", "-1", "-9223372036854775808", "-99999999999999999999999"}) {
    EXPECT_EQ(ttl(value), "zero_ttl directives[0].ttl_secs") << value;
  }
  for (const char* value : {"86401", "9223372036854775807", "9223372036854775808",
                            "18446744073709551616", "99999999999999999999999999999999"}) {
    EXPECT_EQ(ttl(value), "ttl_too_long directives[0].ttl_secs") << value;
  }
}

TEST(Decode, RejectsBadEnds) {
  for (const char* value :
       {"0", "null", "1700000000", R"("")", R"("2031-01-01")", R"("2031-01-01T00:00:00")",
        R"("2031-01-01T00:00:00+01:00")", R"("2031-02-29T00:00:00Z")", R"("2031-01-01 00:00:00Z")",
        R"("2031-01-01T24:00:00Z")", R"("2031-01-01T00:00:60Z")", R"("2031-01-01T00:00:00z")",
        R"("2201-01-01T00:00:00Z")", R"("1969-12-31T23:59:59Z")"}) {
    EXPECT_EQ(
        outcome(directives(fmt::format(R"({{"id":"a","level":"Off","expires_at":{}}})", value))),
        "bad_expires_at directives[0].expires_at")
        << value;
  }
  // Both ends, in either order.
  expect_outcomes({
      {with(R"("expires_at":"2031-01-01T00:00:00Z")"), "bad_expires_at directives[0].expires_at"},
      {directives(R"({"expires_at":"2031-01-01T00:00:00Z","ttl_secs":1,"level":"Off","id":"a"})"),
       "bad_expires_at directives[0].expires_at"},
  });
}

TEST(Decode, RejectsBadTargets) {
  for (const std::string name : {"tenant", "index", "principal", "client", "agent", "opaque_id"}) {
    for (const char* value : {"null", "5", "true", "[]", R"(["acme"])", "{}", R"("")"}) {
      EXPECT_EQ(outcome(with(fmt::format(R"("{}":{})", name, value))),
                fmt::format("bad_{0} directives[0].{0}", name))
          << value;
    }
  }
}

TEST(Decode, RejectsClientsThatAreNoBlock) {
  for (const char* value : {"10.0.0.1/8", "2001:db8::1/32", "10.0.0.0/33", "::/129", "10.0.0.0/",
                            "10.0.0", "localhost", "[::1]", "10.0.0.1 ", "10.0.0.1:80",
                            "10.0.0.1\\u0000", "fe80::1%eth0", "10.0.0.0/8,::1", "010.0.0.1"}) {
    EXPECT_EQ(outcome(with(fmt::format(R"("client":"{}")", value))),
              "bad_client directives[0].client")
        << value;
  }
}

TEST(Decode, RejectsAgentsThatAreNoProduct) {
  for (const std::string& value : {std::string("curl 8"), std::string("curl/"), std::string("(x)"),
                                   std::string("\u00e9"), std::string(129, 'x')}) {
    EXPECT_EQ(outcome(with(fmt::format(R"("agent":"{}")", value))), "bad_agent directives[0].agent")
        << value;
  }
}

TEST(Decode, RejectsBadEndpoints) {
  for (const char* value : {"null", "2", "true", R"(["Search"])", "{}"}) {
    EXPECT_EQ(outcome(with(fmt::format(R"("endpoint":{})", value))),
              "bad_endpoint directives[0].endpoint")
        << value;
  }
  for (const char* value : {R"("")", R"("search")", R"("Search ")", R"("_search")"}) {
    EXPECT_EQ(outcome(with(fmt::format(R"("endpoint":{})", value))),
              "unknown_endpoint directives[0].endpoint")
        << value;
  }
}

TEST(Decode, RejectsBadNumbers) {
  const struct {
    std::string field;
    std::string slug;
    std::vector<std::string> values;
  } fields[] = {
      {"sample_per_mille", "bad_sample_rate", {"-1", "1001", "18446744073709551616"}},
      {"min_latency_ms", "bad_min_latency", {"-1", "9007199254740992", "9223372036854775808"}},
      {"max_records", "bad_max_records", {"0", "-1", "9007199254740992", "1e2"}},
      {"min_failed_items", "bad_min_failed_items", {"0", "-1", "9007199254740992", "1e2"}},
  };
  for (const auto& field : fields) {
    std::vector<std::string> values = {"null", "true", R"("5")", "[5]", "{}",
                                       "5.0",  "5e0",  "0.5",    "-0",  "1e999"};
    values.insert(values.end(), field.values.begin(), field.values.end());
    for (const std::string& value : values) {
      EXPECT_EQ(outcome(with(fmt::format(R"("{}":{})", field.field, value))),
                fmt::format("{} directives[0].{}", field.slug, field.field))
          << value;
    }
  }
}

TEST(Decode, RejectsBadFlags) {
  for (const std::string name : {"ring_buffer", "capture"}) {
    for (const char* value : {"null", "0", "1", R"("true")", "[true]", "{}"}) {
      EXPECT_EQ(outcome(with(fmt::format(R"("{}":{})", name, value))),
                fmt::format("bad_{0} directives[0].{0}", name))
          << value;
    }
  }
}

TEST(Decode, RejectsBadShapes) {
  for (const char* value :
       {"null", "1", "true", "[]", R"("")", R"("0")", R"("2D2814F85DCDEDA6")",
        R"("2d2814f85dcdeda")", R"("2d2814f85dcdeda60")", R"("0x2814f85dcdeda6")",
        R"("2d2814f85dcdedag")", R"(" d2814f85dcdeda6")", R"(["2d2814f85dcdeda6"])"}) {
    EXPECT_EQ(outcome(with(fmt::format(R"("shape":{})", value))), "bad_shape directives[0].shape")
        << value;
  }
}

TEST(Decode, RejectsBadStatuses) {
  for (const char* value : {"null", "500", "[500]", R"("")", R"("5XX")", R"("600")", R"("0xx")",
                            R"("50")", R"("5xx ")"}) {
    EXPECT_EQ(outcome(with(fmt::format(R"("status":{})", value))),
              "bad_status directives[0].status")
        << value;
  }
}

TEST(Decode, RejectsBadFreeText) {
  for (const std::string name : {"reason", "author"}) {
    const std::string long_text = "\"" + std::string(257, 'x') + "\"";
    for (const std::string value :
         {"null", "5", "[]", "{}", R"("a\nb")", R"("\u001b")", R"("\u0000")", long_text.c_str()}) {
      EXPECT_EQ(outcome(with(fmt::format(R"("{}":{})", name, value))),
                fmt::format("bad_{0} directives[0].{0}", name))
          << value;
    }
  }
}

TEST(Decode, RejectsADocumentThatIsTooLargeBeforeItReadsIt) {
  const DecodeLimits limits{.max_bytes = 17};
  EXPECT_EQ(outcome(R"({"directives":[]})", limits), "ok");
  EXPECT_EQ(outcome(R"({"directives":[]} )", limits), "too_large ");
  EXPECT_EQ(outcome("this is not JSON at all", limits), "too_large ");
  std::string document = R"({"directives":[]})";
  document.resize(1 << 20, ' ');
  EXPECT_EQ(outcome(document), "ok");
  EXPECT_EQ(outcome(document + " "), "too_large ");
}

TEST(Decode, RejectsTooManyDirectives) {
  std::string elements;
  for (int i = 0; i < 10'000; ++i)
    elements += fmt::format("{}{}", i ? "," : "", good(std::to_string(i)));
  EXPECT_EQ(outcome(directives(elements)), "ok");
  EXPECT_EQ(outcome(directives(elements + "," + good("x"))), "too_many_directives directives");
  const DecodeLimits none{.max_directives = 0};
  EXPECT_EQ(outcome(directives(""), none), "ok");
  EXPECT_EQ(outcome(directives(good("a")), none), "too_many_directives directives");
}

TEST(Decode, HonoursTheConfiguredLongestLife) {
  const DecodeLimits limits{.max_life = std::chrono::seconds{10}};
  EXPECT_EQ(outcome(directives(R"({"id":"a","level":"Off","ttl_secs":10})"), limits), "ok");
  EXPECT_EQ(outcome(directives(R"({"id":"a","level":"Off","ttl_secs":11})"), limits),
            "ttl_too_long directives[0].ttl_secs");
}

TEST(Decode, RejectsTheWholeDocumentForOneFault) {
  const std::string many = good("a") + "," + good("b");
  EXPECT_EQ(outcome(directives(many + R"(,{"id":"c","level":"Off","ttl_secs":1,"index":7})")),
            "bad_index directives[2].index");
}

}  // namespace
}  // namespace osproxy
