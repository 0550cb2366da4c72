#include "osproxy/flight/report_reader.h"

#include <cstdint>

namespace osproxy {
namespace {

namespace dom = simdjson::dom;

constexpr std::chrono::seconds kMaxTime = std::chrono::years{10};

// The sums of both sides were rounded.
constexpr double kRounding = 1 + 1e-6;

bool is_count(double number) noexcept { return number >= 0 && number <= ReportReader::kMaxNumber; }

}  // namespace

double ReportReader::number(dom::element object, std::string_view key) {
  double number = 0;
  if (object[key].get(number) == simdjson::SUCCESS && is_count(number)) return number;
  fail(std::string(key) + " is no number from 0 to 2^53");
  return 0;
}

std::chrono::seconds ReportReader::time(dom::element object, std::string_view key) {
  std::int64_t number = 0;
  if (object[key].get(number) == simdjson::SUCCESS && number >= 0 && number <= kMaxTime.count()) {
    return std::chrono::seconds(number);
  }
  fail(std::string(key) + " is no time of whole seconds up to ten years");
  return std::chrono::seconds(0);
}

std::string ReportReader::text(dom::element object, std::string_view key) {
  std::string_view text;
  if (object[key].get(text) == simdjson::SUCCESS) return std::string(text);
  fail(std::string(key) + " is no string");
  return {};
}

Estimate ReportReader::estimate(dom::element object, std::string_view key) {
  const auto name = [key](std::string_view part) {
    return std::string(key).append(".").append(part);
  };
  dom::element estimate;
  if (object[key].get(estimate) != simdjson::SUCCESS) {
    fail(std::string(key) + " is missing");
    return {};
  }
  const auto part = [&](std::string_view of) {
    double number = 0;
    if (estimate[of].get(number) == simdjson::SUCCESS && is_count(number)) return number;
    fail(name(of) + " is no number from 0 to 2^53");
    return 0.0;
  };
  const double value = part("value");
  const double largest = part("largest");
  double variance = 0;
  // Each summand of the variance is less than a summand of the value, times the largest one.
  if (estimate["variance"].get(variance) != simdjson::SUCCESS || variance < 0 ||
      variance > value * largest * kRounding) {
    fail(name("variance") + " does not fit the value");
    variance = 0;
  }
  return Estimate::of(value, variance, largest);
}

}  // namespace osproxy
