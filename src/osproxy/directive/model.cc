#include "osproxy/directive/model.h"

#include <array>

#include <fmt/format.h>

namespace osproxy {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"Off", "Shape", "ShapeTiming",
                                                         "ShapeRewriteDiff"};

constexpr std::array<std::string_view, kEndpointCount> kEndpointNames = {
    "IngestDoc", "IngestBulk", "Search",        "MultiSearch", "Count", "GetById",
    "MultiGet",  "DeleteById", "DeleteByQuery", "Cursor",      "Admin", "Unknown"};

template <class Enum, std::size_t size>
std::optional<Enum> parse_name(const std::array<std::string_view, size>& names,
                               std::string_view name) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

bool is_digit(char c) noexcept { return '0' <= c && c <= '9'; }

}  // namespace

std::string_view to_string(Level level) noexcept {
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::string_view to_string(Endpoint endpoint) noexcept {
  return kEndpointNames[static_cast<std::size_t>(endpoint)];
}

std::optional<Level> parse_level(std::string_view name) noexcept {
  return parse_name<Level>(kLevelNames, name);
}

std::optional<Endpoint> parse_endpoint(std::string_view name) noexcept {
  return parse_name<Endpoint>(kEndpointNames, name);
}

std::optional<StatusFilter> StatusFilter::parse(std::string_view text) noexcept {
  if (text.size() != 3 || text[0] < '1' || text[0] > '5') return std::nullopt;
  const int hundreds = (text[0] - '0') * 100;
  if (text.substr(1) == "xx") return StatusFilter(hundreds, hundreds + 99);
  if (!is_digit(text[1]) || !is_digit(text[2])) return std::nullopt;
  const int code = hundreds + (text[1] - '0') * 10 + (text[2] - '0');
  return StatusFilter(code, code);
}

std::string StatusFilter::to_string() const {
  return first_ == last_ ? fmt::format("{}", first_) : fmt::format("{}xx", first_ / 100);
}

}  // namespace osproxy
