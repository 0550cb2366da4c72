#include "osproxy/app/logs/refusal_log.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "osproxy/core/manual_clock.h"

namespace osproxy::app {
namespace {

using namespace std::chrono_literals;

/// Takes the place of the log.
class RefusalLogTest : public testing::Test {
 protected:
  RefusalLogTest() {
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text_);
    sink->set_pattern("%l %v");
    auto logger = std::make_shared<spdlog::logger>("", std::move(sink));
    logger->set_level(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
  }
  ~RefusalLogTest() override { spdlog::set_default_logger(before_); }

  void refuse() {
    log_.tell(admin::RefusedRequest{.reason = admin::Refusal::Role,
                                    .peer = "10.0.0.7",
                                    .caller = "vera",
                                    .method = "POST",
                                    .endpoint = "/admin/directives"});
  }
  void fail(TlsFailure failure) {
    const TlsFault fault{.failure = failure, .text = "some reason"};
    log_.tell(admin::FailedHandshake{.peer = "10.0.0.7", .fault = fault});
  }

  /// The lines since the last call.
  std::string taken() {
    std::string text = text_.str();
    text_.str("");
    return text;
  }

  std::ptrdiff_t lines_taken() { return std::ranges::count(taken(), '\n'); }

  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream text_;
  ManualClock clock_;
  RefusalLog log_{clock_};
};

constexpr char kRefused[] =
    "warning admin listener: refused POST /admin/directives from 10.0.0.7: role of vera";

TEST_F(RefusalLogTest, NamesTheRequestAndTheCaller) {
  refuse();
  EXPECT_EQ(taken(), std::string(kRefused) + "\n");
  log_.tell(admin::RefusedRequest{.reason = admin::Refusal::NoToken,
                                  .peer = "10.0.0.8",
                                  .method = "GET",
                                  .endpoint = "/admin/tail"});
  EXPECT_EQ(taken(), "warning admin listener: refused GET /admin/tail from 10.0.0.8: no_token\n");
}

TEST_F(RefusalLogTest, NamesTheHandshakeThatFailed) {
  fail(TlsFailure::Untrusted);
  EXPECT_EQ(taken(), "warning admin listener: TLS with 10.0.0.7 failed: untrusted: some reason\n");
}

TEST_F(RefusalLogTest, SaysHowManyWereLeftOut) {
  for (int i = 0; i < RefusalLog::kBurst; ++i) refuse();
  EXPECT_EQ(lines_taken(), RefusalLog::kBurst);
  refuse();
  fail(TlsFailure::NotTls);
  EXPECT_EQ(taken(), "");
  clock_.advance(RefusalLog::kEach);
  refuse();
  EXPECT_EQ(taken(), std::string(kRefused) + "; 2 more were not logged\n");
  refuse();
  EXPECT_EQ(taken(), "");
  clock_.advance(RefusalLog::kBurst * RefusalLog::kEach);
  for (int i = 0; i < 2 * RefusalLog::kBurst; ++i) refuse();
  EXPECT_EQ(lines_taken(), RefusalLog::kBurst);
}

TEST_F(RefusalLogTest, AProbeOfThePortTakesNoLineOfOthers) {
  for (int i = 0; i < 2 * RefusalLog::kBurst; ++i) {
    fail(TlsFailure::Closed);
    fail(TlsFailure::TimedOut);
  }
  EXPECT_THAT(taken(), testing::StartsWith("debug admin listener: TLS with 10.0.0.7"));
  refuse();
  EXPECT_EQ(taken(), std::string(kRefused) + "\n");
}

}  // namespace
}  // namespace osproxy::app
