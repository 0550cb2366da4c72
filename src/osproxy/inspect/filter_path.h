// Tells whether a request's `filter_path` leaves a list of the response whole.
//
//   assert(filter_path_keeps("", "items"));
//   assert(filter_path_keeps("refresh=true&filter_path=took,items.*.status", "items"));
//   assert(!filter_path_keeps("filter_path=items.*.error", "items"));  // only those that failed
//
// OpenSearch leaves out each element of a list in which no path is found. A count of the elements
// that are left is no count of the list.
//
// Pure.
#pragma once

#include <string_view>

namespace osproxy {

/// True if each element of `list`, a member of the response's top, is in the filtered response.
/// `query` is the target's query string, percent-encoded. False in doubt: for exclusions, for an
/// encoded or repeated filter_path, and for paths that only some elements have.
bool filter_path_keeps(std::string_view query, std::string_view list) noexcept;

}  // namespace osproxy
