// Decides which keys of a JSON object a record may show: keys that look like names of fields, and
// not like values.
//
//   assert(looks_like_name("user.address_2"));
//   assert(!looks_like_name("alice@example.com"));  // nor is a UUID, a date, a number or a hash
//   assert(is_dsl_keyword("minimum_should_match"));  // always shown
//
// An object may be a map, for example from users to counts or from dates to prices. Its keys are
// values then, and a record must hold no value. A single key can be judged only by its looks, and
// "alice" looks like a name of a field. Therefore structure_tree.h also folds whole maps;
// docs/explain.md says what may remain.
//
// Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace osproxy {

/// Longer than nearly all names of fields; longer keys do not look like names.
inline constexpr std::size_t kMaxNameBytes = 48;

/// True for words of ASCII letters, with a few digits at their ends, joined by `_`, `-` and `.`.
/// "address_2", "@timestamp" and "sha256" are names; "4711", "2024-05-01", "deadbeef01",
/// "Zm9vYmFy" and "größe" are not.
bool looks_like_name(std::string_view key) noexcept;

/// True for a keyword of OpenSearch's query language, and for bulk actions and their parameters.
bool is_dsl_keyword(std::string_view key) noexcept;

}  // namespace osproxy
