// Members of a JSON object that another process wrote: one that is missing, null or of another type
// has the default of its type.
//
//   const std::uint64_t running = value_of<std::uint64_t>(root, "running");
//   const std::string tenant = text_of(root, "tenant");
//
// Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace osproxy::cli {

/// Nothing that an instance counts comes near it. A response with a larger count does not count,
/// because the sums of others must not depend on it.
inline constexpr std::uint64_t kMaxCounted = std::uint64_t{1} << 53;

/// Likewise of times in microseconds. Two clocks of an instance may be read at once, so that an age
/// is a little less than nothing.
inline bool is_age(std::int64_t us) noexcept { return us > -1'000'000 && us < (1LL << 53); }

template <class T>
T value_of(simdjson::dom::element object, std::string_view key) {
  T value{};
  return object[key].get(value) == simdjson::SUCCESS ? value : T{};
}

inline std::string text_of(simdjson::dom::element object, std::string_view key) {
  return std::string(value_of<std::string_view>(object, key));
}

}  // namespace osproxy::cli
