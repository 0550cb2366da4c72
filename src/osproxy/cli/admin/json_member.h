// Members of a JSON object that another process wrote: one that is missing, null or of another type
// has the default of its type.
//
//   const std::uint64_t running = value_of<std::uint64_t>(root, "running");
//   const std::string tenant = text_of(root, "tenant");
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>

#include <simdjson.h>

namespace osproxy::cli {

template <class T>
T value_of(simdjson::dom::element object, std::string_view key) {
  T value{};
  return object[key].get(value) == simdjson::SUCCESS ? value : T{};
}

inline std::string text_of(simdjson::dom::element object, std::string_view key) {
  return std::string(value_of<std::string_view>(object, key));
}

}  // namespace osproxy::cli
