#include "osproxy/core/duration.h"

#include <cassert>
#include <charconv>
#include <cstdint>

namespace osproxy {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

// Largest first: the order in which they may be written. A unit must match whole, so that `ms` is
// not read as `m`.
constexpr Unit kUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
constexpr std::int64_t kMax = 36'525LL * 86'400'000;  // 100 years

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    std::uint32_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{}) return std::nullopt;
    text = std::string_view(rest, static_cast<std::size_t>(end - rest));

    const std::string_view name = text.substr(0, text.find_first_of("0123456789"));
    while (next_unit < std::size(kUnits) && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == std::size(kUnits)) return std::nullopt;
    total += std::int64_t{number} * kUnits[next_unit].milliseconds;
    if (total > kMax) return std::nullopt;
    ++next_unit;
    text.remove_prefix(name.size());
  }
  return std::chrono::milliseconds{total};
}

std::string format_duration(std::chrono::milliseconds duration) {
  assert(duration.count() >= 0);
  std::int64_t left = duration.count();
  std::string text;
  for (const Unit& unit : kUnits) {
    const std::int64_t number = left / unit.milliseconds;
    left %= unit.milliseconds;
    if (number != 0) text += std::to_string(number).append(unit.name);
  }
  return text.empty() ? "0s" : text;
}

}  // namespace osproxy
