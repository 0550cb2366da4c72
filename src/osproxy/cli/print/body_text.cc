#include "osproxy/cli/print/body_text.h"

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include "osproxy/cli/print/text.h"

namespace osproxy::cli {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kMaxDepth = 16;  // deeper than an explain document; a bound for the parser

std::uint64_t count_of(dom::element object, const char* name) {
  std::uint64_t value = 0;
  std::ignore = object[name].get(value);
  return value;
}

std::string text_of(dom::element object, const char* name) {
  std::string_view value;
  std::ignore = object[name].get(value);
  return std::string(value);
}

/// `3`, or `2-3` of several; a number, a boolean and a null have none.
std::string size_of(dom::element field) {
  dom::element sizes;
  if (field["sizes"].get(sizes) || !sizes.is_object()) return "-";
  const std::uint64_t min = count_of(sizes, "min");
  const std::uint64_t max = count_of(sizes, "max");
  return min == max ? fmt::to_string(min) : fmt::format("{}-{}", min, max);
}

/// "  seen.{key}: 2 keys are not shown (looks_like_value)"
std::string folded_text(dom::element part) {
  std::string text;
  dom::array all;
  if (part["folded"].get(all)) return text;
  for (const dom::element folded : all) {
    std::string reasons;
    dom::array slugs;
    if (folded["reasons"].get(slugs)) continue;
    for (const dom::element slug : slugs) {
      std::string_view name;
      if (slug.get(name)) continue;
      reasons.append(reasons.empty() ? "" : ", ").append(name);
    }
    text += fmt::format("  {}: {} keys are not shown ({})\n", printable(text_of(folded, "path")),
                        count_of(folded, "count"), printable(reasons));
  }
  return text;
}

std::string part_text(dom::element part) {
  std::string text = fmt::format("\n{}: {}, {} bytes\n", printable(text_of(part, "kind")),
                                 count_of(part, "count"), count_of(part, "bytes"));
  dom::array fields;
  if (part["fields"].get(fields) || fields.size() == 0) return text;
  std::vector<std::vector<std::string>> rows{{"  FIELD", "TYPE", "COUNT", "SIZE"}};
  for (const dom::element field : fields) {
    const std::string path = text_of(field, "path");
    rows.push_back({"  " + (path.empty() ? "(all of it)" : path), text_of(field, "type"),
                    fmt::to_string(count_of(field, "count")), size_of(field)});
  }
  return text + format_table(rows) + folded_text(part);
}

/// A table of the objects at `pointer`, under `heading`; empty if there are none.
std::string table_at(dom::element root, const char* pointer, const std::string& heading,
                     std::vector<std::string> titles, const std::vector<const char*>& fields) {
  dom::array all;
  if (root.at_pointer(pointer).get(all) || all.size() == 0) return {};
  std::vector<std::vector<std::string>> rows{std::move(titles)};
  for (const dom::element one : all) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const char* const field : fields) {
      dom::element value;
      if (one[field].get(value) || value.is_null()) {
        row.emplace_back("-");
      } else {
        row.push_back(value.is_string() ? text_of(one, field)
                                        : fmt::to_string(count_of(one, field)));
      }
    }
    row.front().insert(0, "  ");
  }
  return fmt::format("\n{}\n{}", heading, format_table(rows));
}

}  // namespace

std::string items_text(std::string_view explain_document) {
  dom::parser parser;
  dom::element root;
  if (parser.allocate(explain_document.size(), kMaxDepth) ||
      parser.parse(explain_document.data(), explain_document.size()).get(root)) {
    return {};
  }
  return table_at(root, "/body_indices/actions/by_index",
                  "actions by index:", {"  INDEX", "ACTIONS"}, {"index", "count"}) +
         table_at(root, "/response/failures_by_error",
                  "failed items by error:", {"  ERROR", "STATUS", "ITEMS"},
                  {"type", "status", "count"});
}

std::string body_text(std::string_view explain_document) {
  dom::parser parser;
  dom::element root;
  dom::array parts;
  if (parser.allocate(explain_document.size(), kMaxDepth) ||
      parser.parse(explain_document.data(), explain_document.size()).get(root) ||
      root.at_pointer("/body/parts").get(parts)) {
    return {};
  }
  std::string text;
  for (const dom::element part : parts) text += part_text(part);
  return text;
}

}  // namespace osproxy::cli
