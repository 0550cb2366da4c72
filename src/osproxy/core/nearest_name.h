// Suggests the name that a mistyped one was probably meant to be.
//
//   const std::vector<std::string> commands{"list", "status", "publish"};
//   print("unknown command lsit" + did_you_mean("lsit", commands));  // "…; did you mean list?"
//
// Two names are near if few edits turn one into the other: an edit inserts, removes or replaces a
// character, or swaps two neighbours (the restricted Damerau-Levenshtein distance). One edit is
// always allowed, and one for each three characters. Case, and `_` for `-`, do not count. If no
// name is near, a word of three characters or more stands for the shortest name that it begins.
//
// Pure functions; any thread may call them. The cost is bounded: a word longer than 64 bytes has no
// suggestion.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace osproxy {

/// The nearest of `names`; nullopt if none is near. Of equally near ones it is one that begins with
/// `word`, else the first. Leading dashes, as of flags, do not add to the number of edits that are
/// allowed. The result refers to `names`.
std::optional<std::string_view> nearest_name(std::string_view word,
                                             std::span<const std::string> names);

/// `; did you mean NAME?` to append to an error message; empty if no name is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> names);

}  // namespace osproxy
