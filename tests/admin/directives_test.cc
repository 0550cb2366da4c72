#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "osproxy/directive/decode.h"
#include "tests/admin/fixture.h"

namespace osproxy::admin {
namespace {

using test::call;
using test::get;
using test::header_of;
using test::post;
using testing::HasSubstr;

constexpr char kPath[] = "/admin/directives";
constexpr char kDocument[] =
    R"({"directives":[{"id":"acme","level":"Shape","ttl_secs":600,"tenant":"acme"}]})";

Response post_if_match(test::Parts& dependencies, std::string_view body,
                       std::string_view if_match) {
  Request request = post(kPath, body);
  request.if_match = if_match;
  return call(dependencies.options, dependencies.view(), request);
}

PublishError error_of(PublishError::Kind kind) {
  return {.kind = kind, .message = "the message", .rejected = std::nullopt, .revision = 0};
}

TEST(Directives, AreEmptyAtRevisionZeroBeforeAnyPublish) {
  test::Parts dependencies;
  const Response response = call(dependencies.options, dependencies.view(), get(kPath));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"directives":[]})");
  EXPECT_EQ(header_of(response, "ETag"), "\"0\"");
}

TEST(Directives, APostPublishesAndTellsTheRevision) {
  test::Parts dependencies;
  const Response response = call(dependencies.options, dependencies.view(), post(kPath, kDocument));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"revision":1})");
  EXPECT_EQ(header_of(response, "ETag"), "\"1\"");
  EXPECT_EQ(dependencies.store.load()->directives().size(), 1U);
}

TEST(Directives, WhatIsReadCanBePostedBack) {
  test::Parts dependencies;
  call(dependencies.options, dependencies.view(), post(kPath, kDocument));
  const Response first = call(dependencies.options, dependencies.view(), get(kPath));
  const Response again = post_if_match(dependencies, first.body, header_of(first, "ETag"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(call(dependencies.options, dependencies.view(), get(kPath)).body, first.body);
}

TEST(Directives, ARejectedDocumentIsItsSlugAndPlaceAndNoValueOfIt) {
  test::Parts dependencies;
  const Response response =
      call(dependencies.options, dependencies.view(),
           post(kPath, R"({"directives":[{"id":"canary","level":"canary","ttl_secs":600}]})"));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"({"error":{"type":"unknown_level","reason":")"));
  EXPECT_THAT(response.body,
              HasSubstr(R"("slug":"unknown_level","where":"directives[0].level"},"status":400})"));
  EXPECT_THAT(response.body, testing::Not(HasSubstr("canary")));
  EXPECT_TRUE(dependencies.store.load()->empty());
}

TEST(Directives, ADocumentAboveTheLimitOfTheDecoderIsRejectedByIt) {
  test::Parts dependencies;
  const std::string large(DecodeLimits{}.max_bytes + 1, ' ');
  const Response response = call(dependencies.options, dependencies.view(), post(kPath, large));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"("slug":"too_large")"));
}

TEST(Directives, AnEmptyBodyIsNotADocument) {
  test::Parts dependencies;
  const Response response = call(dependencies.options, dependencies.view(), post(kPath, ""));
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr(R"("slug":"invalid_json")"));
}

TEST(Directives, AConditionalPostThatComesTooLateTellsTheCurrentRevision) {
  test::Parts dependencies;
  call(dependencies.options, dependencies.view(), post(kPath, kDocument));
  const Response response = post_if_match(dependencies, R"({"directives":[]})", "\"0\"");
  EXPECT_EQ(response.status, 412);
  EXPECT_THAT(response.body, HasSubstr(R"({"error":{"type":"conflict","reason":")"));
  EXPECT_THAT(response.body, HasSubstr(R"("revision":1},"status":412})"));
  EXPECT_EQ(header_of(response, "ETag"), "\"1\"");
  EXPECT_FALSE(dependencies.store.load()->empty());
}

TEST(Directives, TheRevisionOfIfMatchReachesThePublisher) {
  test::Parts dependencies;
  test::FakePublisher publisher;
  std::optional<std::int64_t> seen;
  publisher.on_publish = [&](std::string_view, std::optional<std::int64_t> expected) {
    seen = expected;
    return test::FakePublisher::Result(9);
  };
  AdminDependencies view = dependencies.view();
  view.publisher = &publisher;
  Request request = post(kPath, kDocument);
  request.if_match = "\"9223372036854775807\"";
  EXPECT_EQ(call(dependencies.options, view, request).status, 200);
  EXPECT_EQ(seen, 9223372036854775807);
  request.if_match = "*";
  EXPECT_EQ(call(dependencies.options, view, request).status, 200);
  EXPECT_EQ(seen, std::nullopt);
}

TEST(Directives, ABadIfMatchPublishesNothing) {
  test::Parts dependencies;
  for (const char* bad : {"", "1", "\"\"", "\"", "\"-1\"", "\"1", "W/\"1\"", "\"1\", \"2\"",
                          "\"9223372036854775808\"", "\"x\"", "\" 1\"", "**"}) {
    const Response response = post_if_match(dependencies, kDocument, bad);
    EXPECT_EQ(response.status, 400) << bad;
    EXPECT_THAT(response.body, HasSubstr(R"("type":"bad_if_match")"));
  }
  EXPECT_TRUE(dependencies.store.load()->empty());
}

TEST(Directives, AnUnavailableBackendIsA503WithItsReason) {
  test::Parts dependencies;
  test::FakePublisher publisher;
  publisher.on_publish = [](std::string_view, std::optional<std::int64_t>) {
    return test::FakePublisher::Result(std::unexpected(error_of(PublishError::Kind::Unavailable)));
  };
  AdminDependencies view = dependencies.view();
  view.publisher = &publisher;
  const Response response = call(dependencies.options, view, post(kPath, kDocument));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.body,
            R"({"error":{"type":"unavailable","reason":"the message"},"status":503})");
}

TEST(Directives, AStoreThatIsNotWrittenByUsSaysSo) {
  test::Parts dependencies;
  AdminDependencies view = dependencies.view();
  view.publisher = nullptr;
  const Response response = call(dependencies.options, view, post(kPath, kDocument));
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr(R"("type":"read_only")"));
}

}  // namespace
}  // namespace osproxy::admin
