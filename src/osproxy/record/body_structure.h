// The structure of a request's body: which fields it has, of which types and sizes. No value, and
// no key that looks like one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "osproxy/record/response_facts.h"

namespace osproxy {

enum class JsonType : std::uint8_t { Object, Array, String, Number, Boolean, Null };
inline constexpr std::size_t kJsonTypeCount = 6;

/// "object", "array" and so on.
constexpr std::string_view to_string(JsonType type) noexcept {
  constexpr std::array<std::string_view, kJsonTypeCount> kNames{"object", "array",   "string",
                                                                "number", "boolean", "null"};
  return kNames[static_cast<std::size_t>(type)];
}

/// Of what several things of a kind measure; all 0 if there was none.
struct Sizes {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::uint64_t sum = 0;

  friend bool operator==(const Sizes&, const Sizes&) = default;
};

/// All values of one type at one path.
struct BodyField {
  std::string path{};  ///< "query.bool.filter[].term.status"; empty: the value as a whole
  JsonType type = JsonType::Null;
  std::uint64_t count = 0;
  Sizes sizes;  ///< members of objects, elements of arrays, bytes of strings as written

  friend bool operator==(const BodyField&, const BodyField&) = default;
};

/// All lines of one kind; a body that has no lines is one of kind "body".
struct BodyPart {
  std::string_view kind{};  ///< a constant: "body", "index", "index.source", "header", "search", …
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::vector<BodyField> fields{};  ///< each below what contains it, in the order of appearance

  friend bool operator==(const BodyPart&, const BodyPart&) = default;
};

/// Why the structure is that of a part of the body.
enum class Truncation : std::uint8_t {
  None,
  TooLong,       ///< what is behind the bound was not read
  TooManyPaths,  ///< paths that came later are left out
  TooDeep,       ///< what is nested deeper is left out
  CutOff,        ///< the body did not come to its end
};

/// A stable slug, such as "too_many_paths"; empty for None.
constexpr std::string_view to_string(Truncation reason) noexcept {
  switch (reason) {
    case Truncation::None:
      return "";
    case Truncation::TooLong:
      return "too_long";
    case Truncation::TooManyPaths:
      return "too_many_paths";
    case Truncation::TooDeep:
      return "too_deep";
    case Truncation::CutOff:
      return "cut_off";
  }
  return "";
}

/// A regular value.
struct BodyStructure {
  std::vector<BodyPart> parts{};  ///< in the order of appearance; empty if it was not read
  Truncation truncated = Truncation::None;
  NotRead not_read = NotRead::None;

  friend bool operator==(const BodyStructure&, const BodyStructure&) = default;
};

}  // namespace osproxy
