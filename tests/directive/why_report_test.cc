#include "osproxy/directive/why_report.h"

#include <span>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

WhyReport full_report() {
  return {.instance = "proxy-1",
          .request_id = "r-1",
          .recorded = true,
          .started = WallTime{std::chrono::sys_days{2030y / 1 / 1} + 5ms},
          .endpoint = Endpoint::Search,
          .index = "orders",
          .tenant = "a\"cme",
          .principal = "ana",
          .client = "10.1.2.3",
          .agent = "curl/8.0",
          .opaque_id = "job",
          .is_cut = true,
          .status = 503,
          .is_by_its_set = false,
          .directives = {{.id = "yes", .recorded = true},
                         {.id = "no",
                          .reasons = {{.slug = "expired", .text = "expired at …"},
                                      {.slug = "too_fast", .text = "faster than 1s: 12ms"}}}},
          .left_out = 7};
}

TEST(WhyReport, IsReadBackAsItWasWritten) {
  const std::vector<WhyReport> several{full_report(), {}, {.instance = "p", .recorded = true}};
  for (std::size_t size = 1; size <= several.size(); ++size) {
    const std::span reports(several.data(), size);
    EXPECT_THAT(decode_why_reports(encode_why_reports(reports)),
                testing::ElementsAreArray(reports));
  }
}

TEST(WhyReport, HasNullsForWhatTheRequestLacked) {
  const WhyReport report{.instance = "p", .request_id = "r"};
  EXPECT_EQ(encode_why_reports({&report, 1}),
            R"({"instance":"p","request_id":"r","recorded":false,"started":"1970-01-01T00:00:00Z",)"
            R"("endpoint":"Unknown","index":null,"tenant":null,"principal":null,)"
            R"("client":{"address":null,"agent":null,"opaque_id":null},"cut":false,)"
            R"("status":null,"judged_by":"its_set","directives":[],"left_out":0})");
}

TEST(WhyReport, IsReadWithoutFieldsThatAnotherVersionLacks) {
  const auto reports = decode_why_reports(R"({"recorded":true,"directives":[{"id":"a"}],"new":1})");
  EXPECT_THAT(reports,
              testing::ElementsAre(WhyReport{.recorded = true, .directives = {{.id = "a"}}}));
}

TEST(WhyReport, IsNotReadFromAnythingElse) {
  for (const char* text : {"", "[]", "{}", "{", R"({"recorded":true})", R"({"directives":[]})",
                           R"({"recorded":1,"directives":[]})"}) {
    EXPECT_THAT(decode_why_reports(text), testing::IsEmpty()) << text;
  }
}

}  // namespace
}  // namespace osproxy
