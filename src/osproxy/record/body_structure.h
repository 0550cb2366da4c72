// The structure of a request's body: the path, type, count and size of its fields. It holds no
// value, and no key that looks like a value (inspect/key_names.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// The smallest, the largest and the sum of several sizes; all 0 if there is none.
struct Sizes {
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::uint64_t sum = 0;

  friend bool operator==(const Sizes&, const Sizes&) = default;
};

/// Counts all values of one type at one path: `{"a":[1,2]}` has one Array at "a" and two Numbers
/// at "a[]".
struct BodyField {
  std::string path{};  ///< "query.bool.filter[].term.status"; empty: the value as a whole
  JsonType type = JsonType::Null;
  std::uint64_t count = 0;
  Sizes sizes;  ///< members of objects, elements of arrays, bytes of strings as written

  friend bool operator==(const BodyField&, const BodyField&) = default;
};

/// Why keys are shown as `{key}`. A place may have several reasons: one bit each.
enum class FoldReason : std::uint8_t {
  LooksLikeValue = 1,    ///< the key does not look like a name
  AmongValues = 2,       ///< it looks like a name, but stands only beside keys that do not
  ManyLikeValues = 4,    ///< its object maps many keys to values of one type
  SameMembers = 8,       ///< its object maps keys to objects with the same keys
  TooManyKeys = 16,      ///< its object has more keys than are kept
  ChosenByClients = 32,  ///< the query language lets clients choose the keys there
  NotAQuery = 64,        ///< the endpoint's bodies are neither queries nor documents
};

inline constexpr std::size_t kFoldReasonCount = 7;

/// A stable slug, such as "looks_like_value".
constexpr std::string_view to_string(FoldReason reason) noexcept {
  switch (reason) {
    case FoldReason::LooksLikeValue:
      return "looks_like_value";
    case FoldReason::AmongValues:
      return "among_values";
    case FoldReason::ManyLikeValues:
      return "many_like_values";
    case FoldReason::SameMembers:
      return "same_members";
    case FoldReason::TooManyKeys:
      return "too_many_keys";
    case FoldReason::ChosenByClients:
      return "chosen_by_clients";
    case FoldReason::NotAQuery:
      return "not_a_query";
  }
  return "";
}

/// The keys of one place that are shown as `{key}`.
struct FoldedKeys {
  std::string path{};        ///< of the folded keys: "seen.{key}"
  std::uint64_t count = 0;   ///< members that have such a key, over all objects at the place
  std::uint8_t reasons = 0;  ///< bits of FoldReason

  friend bool operator==(const FoldedKeys&, const FoldedKeys&) = default;
};

/// Sums up all lines of one kind. A `_bulk` body has the kinds "index", "index.source" and so on;
/// a body that is one JSON value is one line of kind "body".
struct BodyPart {
  std::string_view kind{};  ///< a constant: "body", "index", "index.source", "header", "search", …
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  std::vector<BodyField> fields{};   ///< parents before children, in the order of appearance
  std::vector<FoldedKeys> folded{};  ///< one for each `{key}` at the end of a path

  friend bool operator==(const BodyPart&, const BodyPart&) = default;
};

/// Why the structure covers only a part of the body.
enum class Truncation : std::uint8_t {
  None,
  TooLong,       ///< only its first bytes were read
  TooManyPaths,  ///< later paths are left out
  TooDeep,       ///< deeper levels are left out
  CutOff,        ///< the client broke off before the end of the body
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

/// Actions of a bulk for one index.
struct IndexCount {
  std::string index{};
  std::uint64_t count = 0;

  friend bool operator==(const IndexCount&, const IndexCount&) = default;
};

/// The actions of a bulk, as its body asks for them.
struct BulkActions {
  std::vector<IndexCount> by_index{};  ///< the most frequent first, at most 32
  std::uint64_t other_indices = 0;     ///< actions for further indices
  std::uint64_t of_path = 0;           ///< actions that name none: for the index of the path
  ActionCounts by_action{};

  friend bool operator==(const BulkActions&, const BulkActions&) = default;
};

/// The indices that a body names: those of a bulk's actions, a multi-search's headers, an mget's
/// documents, the source and destination of a reindex.
struct BodyIndices {
  std::vector<std::string>
      names{};            ///< names or expressions, each once, in the order of appearance
  bool is_whole = false;  ///< false if the body may name more
  std::optional<BulkActions> actions{};  ///< of a bulk

  friend bool operator==(const BodyIndices&, const BodyIndices&) = default;
};

/// A regular value.
struct BodyStructure {
  std::vector<BodyPart> parts{};  ///< in the order of appearance; empty if it was not read
  Truncation truncated = Truncation::None;
  NotRead not_read = NotRead::None;

  friend bool operator==(const BodyStructure&, const BodyStructure&) = default;
};

}  // namespace osproxy
