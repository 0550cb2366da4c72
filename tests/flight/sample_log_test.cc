#include "osproxy/flight/sample_log.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace osproxy {
namespace {

using namespace std::chrono_literals;

Record record_of(std::string id) {
  Record record;
  record.request_id = std::move(id);
  record.tenant = std::string(100, 't');
  return record;
}

SampleWeight at(std::chrono::seconds time) { return {.ended = BootTime(time)}; }

std::string ids_of(const SampleLog& log) {
  std::string ids;
  for (const auto& page : log.pages()) {
    page->visit([&](const SampleWeight&, std::span<const std::byte> packed) {
      ids += unpack(packed).request_id + " ";
    });
  }
  return ids;
}

TEST(SampleLog, ShowsSamplesOldestFirst) {
  SampleLog log(64 << 10, Random(5));
  EXPECT_EQ(ids_of(log), "");
  log.append(at(1s), record_of("a"));
  log.append(at(2s), record_of("b"));
  EXPECT_EQ(ids_of(log), "a b ");
}

TEST(SampleLog, KeepsWeights) {
  SampleLog log(64 << 10, Random(5));
  log.append({.ended = BootTime(3s), .weight = 8, .chosen_weight = 0.5}, record_of("a"));
  int samples = 0;
  log.pages()[0]->visit([&](const SampleWeight& weight, std::span<const std::byte>) {
    ++samples;
    EXPECT_EQ(weight.ended, BootTime(3s));
    EXPECT_EQ(weight.weight, 8);
    EXPECT_EQ(weight.chosen_weight, 0.5);
  });
  EXPECT_EQ(samples, 1);
}

TEST(SampleLog, StaysWithinItsBound) {
  SampleLog log(64 << 10, Random(5));
  for (int i = 0; i < 10'000; ++i) {
    EXPECT_GT(log.append(at(std::chrono::seconds(i)), record_of(std::to_string(i))), 0U);
    ASSERT_LE(log.bytes(), 64U << 10);
  }
  EXPECT_TRUE(ids_of(log).ends_with(" 9998 9999 "));
}

TEST(SampleLog, ThinsOutWhatIsOldAndKeepsItsSum) {
  SampleLog log(64 << 10, Random(5));
  constexpr int kSamples = 20'000;
  for (int i = 0; i < kSamples; ++i) log.append(at(std::chrono::seconds(i)), record_of("x"));
  double sum = 0;
  double sum_of_first_half = 0;
  double newest_weight = 0;
  double variance = 0;
  BootTime last{};
  for (const auto& page : log.pages()) {
    page->visit([&](const SampleWeight& weight, std::span<const std::byte>) {
      EXPECT_GE(weight.ended, last);
      last = weight.ended;
      sum += weight.weight;
      if (weight.ended < BootTime(10'000s)) sum_of_first_half += weight.weight;
      variance += weight.weight * (weight.weight - 1);
      newest_weight = weight.weight;
    });
  }
  EXPECT_NEAR(sum, kSamples, 5 * std::sqrt(variance));
  EXPECT_NEAR(sum_of_first_half, kSamples / 2, 5 * std::sqrt(variance));
  EXPECT_LT(std::sqrt(variance), kSamples / 5);
  EXPECT_EQ(newest_weight, 1);
}

TEST(SampleLog, KeepsTheSamplesOfARareKind) {
  SampleLog log(64 << 10, Random(5));
  constexpr int kSamples = 20'000;
  for (int i = 0; i < kSamples; ++i) {
    const bool is_rare = i % 500 == 0;
    log.append(at(std::chrono::seconds(i)), record_of(is_rare ? "rare" : "x"), is_rare ? 7 : 0);
    ASSERT_LE(log.bytes(), 64U << 10);
  }
  double rare = 0;
  double others = 0;
  double variance = 0;
  for (const auto& page : log.pages()) {
    page->visit([&](const SampleWeight& weight, std::span<const std::byte> packed) {
      if (unpack(packed).request_id == "rare") {
        EXPECT_EQ(weight.weight, 1);
        ++rare;
      } else {
        others += weight.weight;
        variance += weight.weight * (weight.weight - 1);
      }
    });
  }
  EXPECT_EQ(rare, kSamples / 500);
  EXPECT_NEAR(others, kSamples - rare, 5 * std::sqrt(variance));
}

TEST(SampleLog, MakesRoomIfNoKindIsRare) {
  SampleLog log(64 << 10, Random(5));
  constexpr int kSamples = 20'000;
  for (int i = 0; i < kSamples; ++i) {
    log.append(at(std::chrono::seconds(i)), record_of("x"),
               static_cast<std::uint32_t>(i) % SampleLog::kKinds);
    ASSERT_LE(log.bytes(), 64U << 10);
  }
  double sum = 0;
  double variance = 0;
  for (const auto& page : log.pages()) {
    page->visit([&](const SampleWeight& weight, std::span<const std::byte>) {
      sum += weight.weight;
      variance += weight.weight * (weight.weight - 1);
    });
  }
  EXPECT_NEAR(sum, kSamples, 5 * std::sqrt(variance));
}

TEST(SampleLog, ExpiresWholePages) {
  SampleLog log(64 << 10, Random(5));
  for (int i = 0; i < 100; ++i) log.append(at(std::chrono::seconds(i)), record_of("x"));
  const std::size_t before = log.bytes();
  log.expire(BootTime(50s));
  EXPECT_LT(log.bytes(), before);
  EXPECT_GT(log.bytes(), 0U);
  log.expire(BootTime(100s));
  EXPECT_EQ(log.bytes(), 0U);
  EXPECT_EQ(ids_of(log), "");
}

TEST(SampleLog, DropsASampleThatIsLargerThanAPage) {
  SampleLog log(64 << 10, Random(5));
  log.append(at(1s), record_of("a"));
  EXPECT_EQ(log.append(at(2s), record_of(std::string(100'000, 'x'))), 0U);
  log.append(at(3s), record_of("b"));
  EXPECT_EQ(ids_of(log), "a b ");
}

TEST(SampleLog, ReadersKeepTheirPages) {
  SampleLog log(16 << 10, Random(5));
  log.append(at(1s), record_of("a"));
  const auto pages = log.pages();
  for (int i = 0; i < 1'000; ++i) log.append(at(2s), record_of("b"));
  std::string first;
  pages[0]->visit([&](const SampleWeight&, std::span<const std::byte> packed) {
    if (first.empty()) first = unpack(packed).request_id;
  });
  EXPECT_EQ(first, "a");
}

TEST(SampleLog, IsReadWhileItIsWritten) {
  SampleLog log(64 << 10, Random(5));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      log.append(at(std::chrono::seconds(i)), record_of(std::to_string(i)));
    }
  });
  int last = -1;
  while (last < 20'000) {
    int before = -1;
    for (const auto& page : log.pages()) {
      page->visit([&](const SampleWeight&, std::span<const std::byte> packed) {
        const int number = std::stoi(unpack(packed).request_id);
        EXPECT_GT(number, before);
        before = number;
      });
    }
    EXPECT_GE(before, last);
    last = before;
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace osproxy
