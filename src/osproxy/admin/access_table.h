// The table of docs/access.md: which role each endpoint of the admin listener needs.
//
//   print(access_table_markdown());  // scripts/access_docs writes it to the page
//
// Thread safety: a pure function.
#pragma once

#include <string>

namespace osproxy::admin {

/// A table in Markdown, one row for each endpoint, in the dispatcher's order.
std::string access_table_markdown();

}  // namespace osproxy::admin
