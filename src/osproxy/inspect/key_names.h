// Which keys of a JSON object may be shown: those that look like names, not like values.
//
//   looks_like_name("user.address_2")          // true
//   looks_like_name("alice@example.com")       // false: nor is a UUID, a date, a number, a hash
//   is_dsl_keyword("minimum_should_match")     // true: always shown
//
// An object may be a map from values to something: users to counts, dates to prices. Its keys are
// values then, and a record must hold none. A single key can only be judged by its looks; a word
// of letters passes for a name, whatever it means to those who wrote it. body_structure.h folds
// whole maps, and its documentation (docs/explain.md) says what that leaves.
//
// Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace osproxy {

/// Longer than nearly all names of fields. Longer keys do not look like names.
inline constexpr std::size_t kMaxNameBytes = 48;

/// True for words of ASCII letters, with few digits at their ends, joined by `_`, `-` and `.`.
bool looks_like_name(std::string_view key) noexcept;

/// True for a word of OpenSearch's query language, its bulk actions and their parameters.
bool is_dsl_keyword(std::string_view key) noexcept;

}  // namespace osproxy
