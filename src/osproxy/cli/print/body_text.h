// Prints the structure of a request body, which an explain document has at level ShapeRewriteDiff:
//
// | body: 1, 236 bytes
// |   FIELD              TYPE    COUNT  SIZE
// |   (all of it)        object  1      3
// |   query.bool.filter  array   1      3
#pragma once

#include <string>
#include <string_view>

namespace osproxy::cli {

/// A table for each kind of line; empty if `explain_document` has no body structure.
std::string body_text(std::string_view explain_document);

/// Tables of a bulk's actions by index and of failed items by error; empty without any.
std::string items_text(std::string_view explain_document);

}  // namespace osproxy::cli
